# cmake -P cmake/coverage.cmake: lines and branches of include/ that the tests reach, file by file, and as HTML in
# build/coverage*/html. With Clang, whose coverage follows the source: a branch of a template counts as reached when one
# of its instantiations reaches it, and no branch is counted that only the compiler wrote.

include("${CMAKE_CURRENT_LIST_DIR}/checkout.cmake")

if("$ENV{CXX}" STREQUAL "")
  set(ENV{CXX} clang++)
elseif(NOT "$ENV{CXX}" MATCHES "clang")
  message(NOTICE "attend: coverage is measured with Clang, but CXX is $ENV{CXX}.")
  stop("Coverage is measured with Clang.")
endif()
prepare(coverage
  PACKAGES llvm libeigen3-dev libgtest-dev nlohmann-json3-dev
  OPTIONS -DATTEND_TESTS=ON "-DCMAKE_CXX_FLAGS_INIT=-O1 -fprofile-instr-generate -fcoverage-mapping")

# The tools must be as old as the compiler.
separate_arguments(compiler NATIVE_COMMAND "$ENV{CXX}")
execute_process(COMMAND ${compiler} -dumpversion OUTPUT_VARIABLE version)
string(REGEX MATCH "^[0-9]+" version "${version}")
foreach(tool IN ITEMS llvm-profdata llvm-cov)
  find_program(${tool} NAMES ${tool}-${version} ${tool} NO_CACHE)
  if(NOT ${tool})
    message(NOTICE "attend: ${tool} cannot be found. Debian and Ubuntu install it with\n\n"
      "    sudo apt-get install -y llvm\n")
    stop("${tool} cannot be found.")
  endif()
endforeach()

compile(tests_all)

file(REMOVE_RECURSE "${build}/profiles")
set(ENV{LLVM_PROFILE_FILE} "${build}/profiles/%p.profraw")
run_tests(--tests-regex "^tests_")

file(GLOB profiles "${build}/profiles/*.profraw")
execute_process(COMMAND "${llvm-profdata}" merge --sparse ${profiles} -o "${build}/tests.profdata"
  COMMAND_ERROR_IS_FATAL ANY)
file(GLOB programs LIST_DIRECTORIES false "${build}/tests/tests_*")
list(POP_FRONT programs first)
list(TRANSFORM programs PREPEND "--object=")
set(arguments "--instr-profile=${build}/tests.profdata" "${first}" ${programs})
execute_process(COMMAND "${llvm-cov}" show ${arguments} --format=html "--output-dir=${build}/html"
  "${checkout}/include" COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${llvm-cov}" report ${arguments} --show-region-summary=false
  "${checkout}/include" OUTPUT_VARIABLE table ECHO_OUTPUT_VARIABLE COMMAND_ERROR_IS_FATAL ANY)
# The last line: functions, lines and branches, each as a count, those missed and a share.
string(REGEX MATCH "TOTAL +[0-9]+ +[0-9]+ +[0-9.]+% +[0-9]+ +[0-9]+ +([0-9.]+%) +[0-9]+ +[0-9]+ +([0-9.]+%)" line "${table}")
leave_figure(R15 "${CMAKE_MATCH_1} of lines, ${CMAKE_MATCH_2} of branches")
if(failed)
  stop("Some tests failed.")
endif()
