#include <cmath>

#include "core/sentence.hpp"
#include "mask/mask_laws.hpp"

namespace centred_window_tests {

using namespace attend;

TEST(CentredWindow, SeesKeysAroundAPlaceOfItsOwn) {
  for (laws::Geometry const& g : laws::geometries())
    for (double const radius : {0.0, 0.5, 2.0, 9.3, 1e300}) {
      laws::expect_mask(
          CentredWindow(6.25, radius),
          [=](Index, Index key, Index, Index) { return std::abs(double(key) - 6.25) <= radius; }, g);
      if (g.n == 0) continue;
      Vector<double> centres(g.n);
      for (Index i = 0; i < g.n; ++i) centres(i) = 1.7 * double(i) - 4;
      laws::expect_mask(
          CentredWindow(centres, radius),
          [&](Index, Index key, Index i, Index) { return std::abs(double(key) - centres(i)) <= radius; }, g,
          laws::Sharpness::may_say_some);
    }
}

TEST(CentredWindow, SeesNothingFromAPlaceThatIsNone) {
  for (double const centre : {std::nan(""), HUGE_VAL, -HUGE_VAL, 1e12})
    laws::expect_mask(CentredWindow(centre, 5), [](Index, Index, Index, Index) { return false; }, {13, 17, 4});
}

TEST(CentredWindow, RefusesWhatDoesNotFit) {
  CallShape const shape{1, 1, 3, 5};
  EXPECT_EQ(sentences::sentence_of([&] { CentredWindow(0, -1).check_sizes(shape); }),
            "CentredWindow: the radius is -1; it must be 0 or more.");
  EXPECT_EQ(sentences::sentence_of([&] { CentredWindow(Vector<double>::Zero(2), 1).check_sizes(shape); }),
            "CentredWindow: 2 rows for 3 queries; give one, or one a query.");
}

}  // namespace centred_window_tests
