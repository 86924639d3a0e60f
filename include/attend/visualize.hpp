#pragma once

/// Pictures of attention weights: a table of contents.
///
///   heatmap(weights, tokens)   weights with a name for each row and column
///   to_terminal                lines of coloured blocks, or shades where there are no colours
///   to_svg                     one self-contained picture
///   to_html                    one self-contained page: several heatmaps over the same tokens, and their links
///   to_pgm, to_csv             a grey image; the numbers
///   save                       any of these to a file
///
///   auto const picture = attend::heatmap(attend::Attention{attend::Causal{}}.weights(q, k), tokens);
///   std::cout << attend::to_terminal(picture);

#include <attend/visualize/color_map.hpp>
#include <attend/visualize/csv.hpp>
#include <attend/visualize/heatmap.hpp>
#include <attend/visualize/html.hpp>
#include <attend/visualize/pgm.hpp>
#include <attend/visualize/save.hpp>
#include <attend/visualize/scale.hpp>
#include <attend/visualize/svg.hpp>
#include <attend/visualize/terminal.hpp>
