#include "define_check.hpp"

namespace pairs {

ATTEND_TEST_PAIRS_OF(WholeRow);

}  // namespace pairs
