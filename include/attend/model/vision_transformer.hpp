#pragma once

#include <attend/core/check.hpp>
#include <attend/core/config.hpp>
#include <attend/core/parameters.hpp>
#include <attend/layer/activation_kinds.hpp>
#include <attend/layer/encoder_block.hpp>
#include <attend/layer/feed_forward.hpp>
#include <attend/layer/layer_norm.hpp>
#include <attend/layer/linear.hpp>
#include <attend/layer/position_embedding.hpp>
#include <attend/layer/stack.hpp>

#include <utility>
#include <vector>

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// The sizes of a VisionTransformer; given here are those of ViT-B/16 (86 million parameters).
struct VisionShape {
  Index height = 224, width = 224;  ///< of an image
  Index patch = 16;                 ///< side of the squares that it is cut into
  Index channels = 3;
  Index features = 768, layers = 12, heads = 12;
  Index hidden = 0;  ///< of the feed-forward layers; 0: 4·features
  Index classes = 1000;
  double epsilon = 1e-12;
};

/// Images in, a score for every class out: patches are tokens, and a token of its own gathers what the image shows.
///
///   z₀ = [class; E x₁; …; E x_P] + positions      E: one matrix for all patches
///   z_l: blocks of attention and GELU, norms before
///   logits = head(norm(z_L)₀)
///
/// Shapes   images (b, channels·height·width), channel-major as PyTorch stores them  →  logits (b, classes)
/// Throws   when an image has another size
/// Cost     that of the blocks for b·(P + 1) tokens, and b·P·channels·patch²·features multiply-adds for the patches
/// Source   Dosovitskiy 2021, equations 1–4 (arXiv 2010.11929)
template <class Scalar>
struct VisionTransformer {
  using Block = EncoderBlock<Scalar, LayerNorm<Scalar>, FeedForward<Scalar, Gelu>>;
  using Blocks = Stack<Scalar, Block, LayerNorm<Scalar>>;

  Index height = 0, width = 0, patch = 1, channels = 0;
  Linear<Scalar> projection;   ///< weight (features, channels·patch²): that of a convolution, as it is stored
  Vector<Scalar> class_token;  ///< (features)
  PositionEmbedding<Scalar> positions;  ///< (P + 1, features), the class token's first
  Blocks blocks;
  Linear<Scalar> head;  ///< weight (classes, features)

  struct Forward {
    Matrix<Scalar> patches;  // (b·P, channels·patch²)
    Matrix<Scalar> x;        // (b·(P + 1), features)  what the blocks read
    typename Blocks::Forward blocks;
    Matrix<Scalar> classes;  // (b, features)  the class tokens, normed
    Matrix<Scalar> logits;   // (b, classes)

    [[nodiscard]] Matrix<Scalar> const& output() const { return logits; }
  };

  /// P, the patches of an image.
  [[nodiscard]] Index patch_count() const { return (height / patch) * (width / patch); }

  /// Images cut into squares, row by row; the numbers of a patch are ordered as those of a convolution's weight.
  ///
  /// Shapes   (b, channels·height·width)  →  (b·P, channels·patch²)
  [[nodiscard]] Matrix<Scalar> patches(Matrix<Scalar> const& images) const {
    check_images(images.cols());
    Matrix<Scalar> cut(images.rows() * patch_count(), channels * patch * patch);
    each_patch_row(images.rows(), [&](Index image, Index pixel, Index row, Index column) {
      cut.row(row).segment(column, patch) = images.row(image).segment(pixel, patch);
    });
    return cut;
  }

  /// The logits alone. After the images come an executor, a workspace.
  template <class... Given>
  [[nodiscard]] Matrix<Scalar> run(Matrix<Scalar> const& images, Given&&... given) const {
    Index const batch = images.rows();
    return head.forward(first_of_each(blocks.run(embed(patches(images), batch, given...), batch, given...)), given...);
  }
  template <class... Given>
  [[nodiscard]] Forward forward(Matrix<Scalar> const& images, Given&&... given) const {
    Forward kept;
    kept.patches = patches(images);
    kept.x = embed(kept.patches, images.rows(), given...);
    layer_detail::drop(kept.x, layer_detail::part_of(given, layer_detail::embedded)...);
    kept.blocks = blocks.forward(kept.x, images.rows(), given...);
    kept.classes = first_of_each(kept.blocks.output);
    kept.logits = head.forward(kept.classes, given...);
    return kept;
  }
  /// Adds derivatives by all parameters to `gradient`, from ∂loss/∂logits; returns ∂loss/∂images.
  template <class... Given>
  Matrix<Scalar> backward(Forward const& kept, Matrix<Scalar> const& d_logits, VisionTransformer& gradient,
                          Given&&... given) const {
    Index const batch = kept.classes.rows(), tokens = patch_count() + 1;
    // logits = head(norm(z_L)₀)
    Matrix<Scalar> const d_classes = head.backward(kept.classes, d_logits, gradient.head, given...);
    Matrix<Scalar> d_output = Matrix<Scalar>::Zero(batch * tokens, d_classes.cols());
    for (Index b = 0; b < batch; ++b) d_output.row(b * tokens) = d_classes.row(b);
    Matrix<Scalar> d_x = blocks.backward(kept.x, kept.blocks, std::move(d_output), gradient.blocks, given...);
    layer_detail::drop(d_x, layer_detail::part_of(given, layer_detail::embedded)...);
    // z₀ = [class; E x₁; …; E x_P] + positions
    Matrix<Scalar> d_projected(batch * patch_count(), d_x.cols());
    for (Index b = 0; b < batch; ++b) {
      gradient.positions.table += d_x.middleRows(b * tokens, tokens);
      gradient.class_token += d_x.row(b * tokens).transpose();
      d_projected.middleRows(b * patch_count(), patch_count()) = d_x.middleRows(b * tokens + 1, patch_count());
    }
    Matrix<Scalar> const d_cut = projection.backward(kept.patches, d_projected, gradient.projection, given...);
    Matrix<Scalar> d_images(batch, channels * height * width);
    each_patch_row(batch, [&](Index image, Index pixel, Index row, Index column) {
      d_images.row(image).segment(pixel, patch) = d_cut.row(row).segment(column, patch);
    });
    return d_images;
  }

  /// How much the class token looks at each token, to look at: one matrix a layer, of which row b·heads + h is that of
  /// image b and head h. The first column is the class token's own, the others are the patches, row by row.
  ///
  /// Shapes   →  layers × (b·heads, P + 1)
  template <class... Given>
  [[nodiscard]] std::vector<Matrix<Scalar>> class_weights(Forward const& kept, Given&&... given) const {
    std::vector<Matrix<Scalar>> found;
    for (std::size_t layer = 0; layer < blocks.blocks.size(); ++layer) {
      Matrix<Scalar> const& read = kept.blocks.blocks[layer].looked.read;
      found.push_back(blocks.blocks[layer].attention.weights(first_of_each(read), read, kept.classes.rows(), given...));
    }
    return found;
  }

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    attend::each_parameter(self.projection, "projection", function);
    function("class_token", parameter_span(self.class_token));
    attend::each_parameter(self.positions, "positions", function);
    attend::each_parameter(self.blocks, "blocks", function);
    attend::each_parameter(self.head, "head", function);
  }

 private:
  void check_images(Index numbers) const {
    check(numbers == channels * height * width, "VisionTransformer: an image has ", numbers, " numbers; it must have ",
          channels * height * width, ", ", channels, " channels of ", height, " × ", width, ".");
  }
  /// Calls f(image, first pixel, row of patches, first column) for each run of `patch` pixels side by side.
  template <class Function>
  void each_patch_row(Index batch, Function const& f) const {
    Index const down = height / patch, across = width / patch;
    for (Index image = 0; image < batch; ++image)
      for (Index i = 0; i < down; ++i)
        for (Index j = 0; j < across; ++j)
          for (Index channel = 0; channel < channels; ++channel)
            for (Index y = 0; y < patch; ++y)
              f(image, (channel * height + i * patch + y) * width + j * patch, (image * down + i) * across + j,
                (channel * patch + y) * patch);
  }
  template <class... Given>
  [[nodiscard]] Matrix<Scalar> embed(Matrix<Scalar> const& cut, Index batch, Given&... given) const {
    Index const count = patch_count(), tokens = count + 1;
    Matrix<Scalar> const projected = projection.forward(cut, given...);
    Matrix<Scalar> x(batch * tokens, projected.cols());
    for (Index b = 0; b < batch; ++b) {
      x.row(b * tokens) = class_token.transpose();
      x.middleRows(b * tokens + 1, count) = projected.middleRows(b * count, count);
      x.middleRows(b * tokens, tokens) += positions.table;
    }
    return x;
  }
  [[nodiscard]] Matrix<Scalar> first_of_each(Matrix<Scalar> const& x) const {
    Index const tokens = patch_count() + 1;
    Matrix<Scalar> first(x.rows() / tokens, x.cols());
    for (Index b = 0; b < first.rows(); ++b) first.row(b) = x.row(b * tokens);
    return first;
  }
};

/// All matrices 0, norms 1: to be read from a file, or see layer/initialize.hpp.
///
/// Throws   when the sides of an image do not divide into patches
template <class Scalar>
[[nodiscard]] VisionTransformer<Scalar> vision_transformer(VisionShape const& shape = {}) {
  check(shape.patch > 0 && shape.channels > 0 && shape.height > 0 && shape.width > 0 &&
            shape.height % shape.patch == 0 && shape.width % shape.patch == 0,
        "vision_transformer: an image of ", shape.height, " × ", shape.width, " with ", shape.channels,
        " channels does not divide into patches of ", shape.patch, " × ", shape.patch, ".");
  VisionTransformer<Scalar> model;
  model.height = shape.height;
  model.width = shape.width;
  model.patch = shape.patch;
  model.channels = shape.channels;
  LayerNorm<Scalar> const norm(shape.features, true, shape.epsilon);
  model.projection = Linear<Scalar>(shape.channels * shape.patch * shape.patch, shape.features);
  model.class_token = Vector<Scalar>::Zero(shape.features);
  model.positions = PositionEmbedding<Scalar>(model.patch_count() + 1, shape.features);
  for (Index layer = 0; layer < shape.layers; ++layer)
    model.blocks.blocks.emplace_back(
        MultiHead<Scalar>(MultiHeadShape{.features = shape.features, .heads = shape.heads}),
        FeedForward<Scalar, Gelu>(shape.features, shape.hidden > 0 ? shape.hidden : 4 * shape.features), norm,
        NormPlace::before);
  model.blocks.norm = norm;
  model.head = Linear<Scalar>(shape.features, shape.classes);
  return model;
}

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
