# cmake -P cmake/report.cmake [long]: one table of what can be said about this library in figures, each with the command
# that gives it. Tests measure them: it builds the programs concerned where cmake/test.cmake builds them and runs each
# once for every instruction set of the machine. What takes longer is shown as its own command left it; `long` runs those
# commands first, for hours.

include("${CMAKE_CURRENT_LIST_DIR}/checkout.cmake")

script_arguments(words)
if(words AND NOT words STREQUAL "long")
  message(NOTICE "attend: cmake/report.cmake takes the word long, or none; given was: ${words}.")
  stop("The word ${words} is not known.")
endif()

if(words)
  # A command that fails says why, and its row shows what it found before.
  foreach(command IN ITEMS "test" "test complete" "fuzz 3600" "sanitize address undefined thread valgrind" "coverage"
      "aarch64")
    separate_arguments(command)
    list(POP_FRONT command script)
    execute_process(COMMAND "${CMAKE_COMMAND}" -P "${checkout}/cmake/${script}.cmake" ${command})
  endforeach()
endif()

prepare(test
  PACKAGES libeigen3-dev libgtest-dev nlohmann-json3-dev
  OPTIONS -DATTEND_TESTS=ON -DATTEND_TESTS_COMPLETE=OFF)
set(programs tests_simd tests_kernel tests_laws tests_onnx)
compile(${programs} tests_io)

file(READ "${build}/tests/isas.txt" isas)
list(JOIN isas ", " isa_names)

# measure(<run> <program> [arguments...]): what every test of the program did is kept as JSON, case_<run>_<its name>.
macro(measure run program)
  message(STATUS "${run}: ${program}")
  set(file "${build}/results/${run}_${program}.json")
  file(REMOVE "${file}")
  execute_process(COMMAND "${build}/tests/${program}" "--gtest_output=json:${file}" ${ARGN}
    OUTPUT_VARIABLE said RESULT_VARIABLE result)
  if(NOT result EQUAL 0)
    message(NOTICE "${said}")
    set(some_failed TRUE)
  endif()
  if(EXISTS "${file}")
    read_results(${run} "${file}")
  endif()
endmacro()

macro(read_results run file)
  file(READ "${file}" json)
  string(JSON suites LENGTH "${json}" testsuites)
  math(EXPR suites "${suites} - 1")
  foreach(i RANGE ${suites})
    string(JSON suite GET "${json}" testsuites ${i})
    string(JSON suite_name GET "${suite}" name)
    string(JSON cases LENGTH "${suite}" testsuite)
    math(EXPR cases "${cases} - 1")
    foreach(j RANGE ${cases})
      string(JSON case GET "${suite}" testsuite ${j})
      string(JSON name GET "${case}" name)
      string(JSON status GET "${case}" result)
      if(status STREQUAL "COMPLETED")
        set(case_${run}_${suite_name}.${name} "${case}")
        list(APPEND names_${run} "${suite_name}.${name}")
      endif()
    endforeach()
  endforeach()
endmacro()

set(some_failed FALSE)
set(runs "")
foreach(isa IN LISTS isas)
  set(ENV{ATTEND_ISA} ${isa})
  list(APPEND runs ${isa})
  measure(${isa} tests_simd)
  measure(${isa} tests_laws)
  measure(${isa} tests_onnx)
  set(ENV{ATTEND_EXHAUSTIVE} 1)  # all draws of Accuracy
  measure(${isa} tests_kernel)
  measure(sweep_${isa} tests_simd "--gtest_filter=Exp.OfNonpositive*")  # all floats
  unset(ENV{ATTEND_EXHAUSTIVE})
endforeach()
unset(ENV{ATTEND_ISA})
list(APPEND runs files)
measure(files tests_io)

run_tests(--tests-regex "^package_")
if(failed)
  set(some_failed TRUE)
endif()
set(packages "")
foreach(way IN ITEMS find_package add_subdirectory fetch_content pkg_config single_header)
  file(STRINGS "${build}/tests.xml" line REGEX "name=\"package_${way}\".*status=\"run\"")
  if(line)
    list(APPEND packages ${way})
  endif()
endforeach()

# largest(<test> <property> <result>): over all runs; <isa> in a property's name stands for that of the run.
function(largest test property result)
  set(most "")
  foreach(run IN LISTS runs)
    string(REPLACE "<isa>" "${run}" key "${property}")
    string(REPLACE "sweep_" "" key "${key}")
    string(JSON value ERROR_VARIABLE none GET "${case_${run}_${test}}" "${key}")
    if(NOT none AND (most STREQUAL "" OR value GREATER most))
      set(most "${value}")
    endif()
  endforeach()
  if(most STREQUAL "")
    set(most "not measured")
    set(some_failed TRUE PARENT_SCOPE)
  elseif(most MATCHES "^([0-9]+\\.[0-9][0-9][0-9])[0-9]*$")
    set(most "${CMAKE_MATCH_1}")
  endif()
  set(${result} "${most}" PARENT_SCOPE)
endfunction()

# add_up(<property> <result> <tests...>): over the tests, in the run that has the most.
function(add_up property result)
  set(sum 0)
  foreach(test IN LISTS ARGN)
    largest("${test}" "${property}" value)
    if(value MATCHES "^[0-9]+$")
      math(EXPR sum "${sum} + ${value}")
    endif()
  endforeach()
  set(${result} ${sum} PARENT_SCOPE)
endfunction()

# passed(<names> <result>): how many runs of tests of that name passed, of how many; as <result>_everywhere, how many
# tests passed in every run.
function(passed names result)
  set(ran 0)
  set(good 0)
  set(different "")
  set(bad "")
  foreach(run IN LISTS runs)
    foreach(test IN LISTS names_${run})
      if(test MATCHES "^(${names})")
        math(EXPR ran "${ran} + 1")
        list(APPEND different "${test}")
        string(JSON none ERROR_VARIABLE without_failures GET "${case_${run}_${test}}" failures)
        if(without_failures)
          math(EXPR good "${good} + 1")
        else()
          list(APPEND bad "${test}")
        endif()
      endif()
    endforeach()
  endforeach()
  list(REMOVE_DUPLICATES different)
  list(LENGTH different count)
  set(text "${good} of ${ran}")
  if(ran EQUAL 0)
    set(text "not measured")
  elseif(ran GREATER count)
    list(LENGTH isas sets)
    string(APPEND text ": ${count} on ${sets} sets")
  endif()
  set(${result} "${text}" PARENT_SCOPE)
  list(REMOVE_ITEM different ${bad})
  list(LENGTH different count)
  set(${result}_everywhere ${count} PARENT_SCOPE)
endfunction()

# left(<row> <result>): what commands of their own have left.
function(left row result)
  set(texts "")
  file(GLOB files "${checkout}/build/figures/${row}-*.txt")
  foreach(file IN LISTS files)
    file(READ "${file}" text)
    list(APPEND texts "${text}")
  endforeach()
  list(JOIN texts "; " texts)
  if(texts STREQUAL "")
    set(texts "not measured: its command was not run here")
  endif()
  set(${result} "${texts}" PARENT_SCOPE)
endfunction()

set(rows "")
macro(row number what figure target command)
  list(APPEND rows ${number})
  set(${number}_number "${number}")
  set(${number}_what "${what}")
  set(${number}_figure "${figure}")
  set(${number}_target "${target}")
  set(${number}_command "${command}")
endmacro()
cmake_path(RELATIVE_PATH build BASE_DIRECTORY "${checkout}" OUTPUT_VARIABLE tests)
string(APPEND tests "/tests/tests_")

foreach(scalar IN ITEMS Float Double)
  foreach(key IN ITEMS draws p50 p99 largest)
    largest(Accuracy.Of${scalar}IsWithinSixteenUnits ${key} ${key}_${scalar})
  endforeach()
  string(REGEX REPLACE "\\..*" "" draws_${scalar} "${draws_${scalar}}")
  set(accuracy_${scalar} "p50 ${p50_${scalar}}, p99 ${p99_${scalar}}, largest ${largest_${scalar}} (${draws_${scalar}} draws)")
endforeach()
row(R1 "error of float over u·Σp|v|, against long double" "${accuracy_Float}" "≤ 16, p50 ≤ 2"
  "ATTEND_EXHAUSTIVE=1 ${tests}kernel --gtest_filter=Accuracy.OfFloat*")
row(R2 "error of double over u·Σp|v|, against long double" "${accuracy_Double}" "≤ 16 against __float128"
  "ATTEND_EXHAUSTIVE=1 ${tests}kernel --gtest_filter=Accuracy.OfDouble*")

largest(Accuracy.IsAsGoodAsThatOfThePlainAlgorithm median median)
largest(Accuracy.IsAsGoodAsThatOfThePlainAlgorithm largest largest)
row(R3 "error over that of the plain algorithm, float" "median ${median}, largest ${largest}" "≤ 2, median ≤ 1"
  "${tests}kernel --gtest_filter=Accuracy.IsAsGood*")

set(exp Exp.OfNonpositiveFloatsIsWithinOneUlpDownToTheLeastDenormal)
passed("Exp\\.IsExactWhereItShouldBe" special)
set(kept_runs ${runs})
list(TRANSFORM isas PREPEND sweep_ OUTPUT_VARIABLE runs)
largest(${exp} "ulp_negative_<isa>" ulp)
set(runs ${kept_runs})
row(R4 "exp in [−104, 0] in ulp; special values, −∞ among them" "${ulp} (every float); special values ${special}" "≤ 1"
  "ATTEND_EXHAUSTIVE=1 ${tests}simd --gtest_filter=Exp.*")

passed("OneToEightThreads\\.|AnExecutor\\.|APick\\.IsTheSame|Gradients\\.HaveTheSameBits|Tangents\\.HaveTheSameBits" bits)
row(R5 "same bits for 1 to 8 threads, 250 repeats × 14 shapes" "${bits}" "all"
  "${tests}laws --gtest_filter=OneToEightThreads*:AnExecutor*:*HaveTheSameBitsForAnyThreads:APick.IsTheSame*")

passed("TheBitsOfARow\\." bits)
row(R6 "same bits for any batch, cut into calls, prefill or decoding" "${bits}" "all"
  "${tests}laws --gtest_filter=TheBitsOfARow.*")

set(nothing "HiddenKeys\\.|WhatIsNoNumber\\.|AQueryThatSeesNothing\\.|(Gradients|Tangents)\\.DoNotChangeBy")
string(APPEND nothing "|Gradients\\.(AreZeroWhereNothing|OfQueriesThatSeeNo|OfKeysThatNo)")
passed("${nothing}" bits)
row(R7 "rows that see nothing, NaN hidden and seen, gradients too" "${bits}" "all"
  "${tests}laws --gtest_filter=HiddenKeys*:WhatIsNoNumber*:AQueryThatSeesNothing*:Gradients*:Tangents*")

passed("Onnx/OnnxFrontDoor\\." onnx)
row(R8 "ONNX's own cases of Attention, FlexAttention, LinearAttention" "${onnx_everywhere} of 112; LinearAttention is not there yet"
  "112 of 112" "${tests}onnx")

set(by_differences Gradients.AreThoseOfTheOutputByDifferences)
largest(${by_differences} draws draws)
largest(${by_differences} entries entries)
largest(${by_differences} "largest relative error" error)
row(R9 "gradients against central differences, double, relative" "${error} (${draws} draws, ${entries} entries)"
  "≤ 1e-6, 500 draws" "${tests}laws --gtest_filter=${by_differences}")

add_up(calls calls WrongCalls.OfBatchesOfHeadsAreRefusedBeforeAnythingIsWritten WrongCalls.OfMatricesAreRefused
  WrongCalls.OfPoliciesAreRefused)
passed("WrongCalls\\." refused)
row(R10 "wrong calls: one exception with the numbers, before any write" "${calls} calls; tests ${refused}" "≥ 120 calls"
  "${tests}kernel --gtest_filter=WrongCalls.*")

add_up(files files NpyRefused.EachWithItsReasonAndTheFilesName SafetensorsRefused.EachWithItsReasonAndTheFilesName)
passed("(Npy|Safetensors)Refused\\." refused)
row(R11 "crafted weight files refused with a reason" "${files} files; tests ${refused}; memory not measured"
  "≥ 150, memory ≤ 2 × file + 1 MiB" "${tests}io --gtest_filter=*Refused.*")

left(R12 fuzzed)
row(R12 "fuzzing with sanitizers, each parser and the front door" "${fuzzed}" "1e8 runs or 8 h a release"
  "cmake -P cmake/fuzz.cmake 28800")
left(R13 clean)
row(R13 "programs without a report of sanitizers or valgrind" "${clean}" "all"
  "cmake -P cmake/sanitize.cmake address undefined thread valgrind")

passed("Workspace\\." workspace)
row(R14 "warm calls leave the heap, workspace as announced, guards intact" "${workspace}" "all"
  "${tests}kernel --gtest_filter=Workspace.*")

left(R15 coverage)
row(R15 "coverage of include/" "${coverage}" "≥ 98 % lines, ≥ 90 % branches" "cmake -P cmake/coverage.cmake")
row(R16 "planted faults that the tests find" "not measured: nothing plants them" "≥ 95 % of 60" "")

set(runs ${isas})
passed("" all)
set(runs ${kept_runs})
left(R17 cross)
row(R17 "tests of the kernels on ${isa_names}; aarch64 under qemu" "${all}; ${cross}" "all"
  "ctest --test-dir build/test; cmake -P cmake/aarch64.cmake")
left(R18 compilers)
row(R18 "two compilers, -Werror, no exceptions, each header, two units" "${compilers}; Eigen 5: not measured" "all"
  "CXX=g++ cmake -P cmake/test.cmake complete; with clang++ too")
list(LENGTH packages count)
list(JOIN packages ", " packages)
row(R19 "ways into a project" "${count} of 5: ${packages}" "5 of 5"
  "ctest --test-dir build/test -R ^package_")
left(R20 suite)
row(R20 "default test suite after the build" "${suite}" "≤ 60 s on 2 cores" "cmake -P cmake/test.cmake")

# CMake counts bytes: what is not ASCII stands for one column.
function(width text result)
  string(REGEX REPLACE "≤|≥|×|·|Σ|−|∞" "x" text "${text}")
  string(LENGTH "${text}" length)
  set(${result} ${length} PARENT_SCOPE)
endfunction()

set(columns number what figure target command)
foreach(column IN LISTS columns)
  set(title_${column} "${column}")
  width("${column}" most)
  foreach(row IN LISTS rows)
    width("${${row}_${column}}" wide)
    if(wide GREATER most)
      set(most ${wide})
    endif()
  endforeach()
  set(width_${column} ${most})
endforeach()
foreach(row IN ITEMS title ${rows})
  set(line "")
  foreach(column IN LISTS columns)
    set(text "${${row}_${column}}")
    width("${text}" wide)
    math(EXPR gap "${width_${column}} - ${wide} + 2")
    string(REPEAT " " ${gap} gap)
    string(APPEND line "${text}${gap}")
  endforeach()
  string(STRIP "${line}" line)
  message(NOTICE "${line}")
endforeach()

if(some_failed)
  stop("Some tests failed.")
endif()
