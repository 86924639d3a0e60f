#include "define_check.hpp"

namespace pairs {

ATTEND_TEST_PAIRS_OF(Exponential);

}  // namespace pairs
