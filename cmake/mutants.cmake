# cmake -P cmake/mutants.cmake [pattern]: plants the faults of tests/mutants/faults.cmake in copies of the headers, one at
# a time, and runs the program of tests that should find it. With a pattern, those faults whose names it matches.

include("${CMAKE_CURRENT_LIST_DIR}/checkout.cmake")

script_arguments(pattern)
prepare(mutants
  PACKAGES libeigen3-dev libgtest-dev nlohmann-json3-dev
  OPTIONS -DATTEND_TESTS=ON -DATTEND_MUTANTS=ON)
file(REMOVE_RECURSE "${build}/tests/mutants/objects")

# The programs without a fault run first; where one fails, its faults are not run.
run_tests(--tests-regex "^fault_.*${pattern}")
file(STRINGS "${build}/tests.xml" faults REGEX "<testcase name=\"fault_")
set(found ${faults})
list(FILTER found INCLUDE REGEX "status=\"run\"")
list(LENGTH faults faults)
list(LENGTH found found)
message(NOTICE "\n${found} of ${faults} faults were found, in ${seconds} s.")
if(NOT pattern)
  leave_figure(R16 "${found} of ${faults}")
endif()
if(failed)
  stop("Some faults were not found.")
endif()
