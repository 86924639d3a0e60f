# cmake -P cmake/sanitize.cmake [address] [undefined] [thread] [valgrind]: builds the tests that reach memory and threads
# with Clang's sanitizers and runs them; address and undefined together in one build. Without a word, these three. valgrind
# runs the kernels' tests as cmake/test.cmake builds them, with AVX2 (it knows no AVX-512).

include("${CMAKE_CURRENT_LIST_DIR}/checkout.cmake")

script_arguments(words)
if(NOT words)
  set(words address undefined thread)
endif()
foreach(word IN LISTS words)
  if(NOT word MATCHES "^(address|undefined|thread|valgrind)$")
    message(NOTICE "attend: cmake/sanitize.cmake takes the words address, undefined, thread and valgrind; given was: ${word}.")
    stop("The word ${word} is not known.")
  endif()
endforeach()

# A kernel is one function, here with a check at every step: Clang takes minutes for each file of the kernels' tests, and
# three times as long for all instruction sets. So they are compiled for the widest that the machine has alone.
set(one_set "-march=native -DATTEND_NO_DISPATCH")

# check(<sanitizers> <filter of GoogleTest> <programs...>): sets `some_failed` when some did.
function(check sanitizers filter)
  if("$ENV{CXX}" STREQUAL "")
    set(ENV{CXX} clang++)
    set(chosen TRUE)
  endif()
  string(REPLACE "," "-" job "sanitize-${sanitizers}")
  # The thread sanitizer sees nothing of how libraries that were built without it hand over work, and calls it a race.
  set(libraries "")
  if(sanitizers STREQUAL "thread")
    set(libraries -DCMAKE_DISABLE_FIND_PACKAGE_TBB=ON -DCMAKE_DISABLE_FIND_PACKAGE_OpenMP=ON)
  endif()
  prepare(${job}
    PACKAGES libeigen3-dev libgtest-dev nlohmann-json3-dev
    OPTIONS -DATTEND_TESTS=ON ${libraries}
      "-DCMAKE_CXX_FLAGS_INIT=${one_set} -O1 -g1 -fno-omit-frame-pointer -fsanitize=${sanitizers} -fno-sanitize-recover=all")
  if(chosen)
    unset(ENV{CXX})
  endif()
  set(ENV{GTEST_FILTER} "${filter}")
  run_programs(${ARGN})
  unset(ENV{GTEST_FILTER})
  leave_figure(R13 "${sanitizers}: ${passed}")
  if(failed)
    set(some_failed TRUE PARENT_SCOPE)
  endif()
endfunction()

set(some_failed FALSE)
set(sanitizers ${words})
list(FILTER sanitizers INCLUDE REGEX "^(address|undefined)$")
if(sanitizers)
  list(JOIN sanitizers "," sanitizers)
  # Of one instruction set there is nothing to dispatch.
  check(${sanitizers} "-Dispatch.*" tests_core tests_simd tests_score tests_mask tests_normalize tests_kernel tests_laws
    tests_onnx tests_io tests_layer tests_executor)
endif()
if("thread" IN_LIST words)
  # Of the laws those that hand work to threads.
  check(thread "*Thread*:*Executor*:Calls.*:OpenMp.*:Tbb.*:Slots.*:Workspace.*:Product.*:FrontDoor.Policies*"
    tests_core tests_executor tests_kernel tests_laws)
endif()

if("valgrind" IN_LIST words)
  find_program(valgrind valgrind NO_CACHE)
  if(NOT valgrind)
    message(NOTICE "attend: valgrind cannot be found. Debian and Ubuntu install it with\n\n"
      "    sudo apt-get install -y valgrind\n")
    stop("valgrind cannot be found.")
  endif()
  prepare(test
    PACKAGES valgrind libeigen3-dev libgtest-dev nlohmann-json3-dev
    OPTIONS -DATTEND_TESTS=ON)
  set(programs tests_kernel tests_core)
  compile(${programs})
  set(ENV{ATTEND_ISA} v3)
  set(clean 0)
  foreach(program IN LISTS programs)
    # The tests count what they allocate with an operator new of their own, which valgrind takes for its: then their
    # delete, free once it is inlined, does not match. Thousands of draws and of calls add nothing here but an hour.
    execute_process(COMMAND "${valgrind}" --quiet --error-exitcode=9 --leak-check=full --show-mismatched-frees=no
        "${build}/tests/${program}" "--gtest_filter=-Accuracy.*:Product.IsTheSum*:ThreadPool.Survives*:ThreadPool.Sleeps*"
      RESULT_VARIABLE result)
    if(result EQUAL 0)
      math(EXPR clean "${clean} + 1")
    else()
      set(some_failed TRUE)
    endif()
  endforeach()
  leave_figure(R13 "valgrind: ${clean} of 2")
endif()

if(some_failed)
  stop("Some tests failed.")
endif()
