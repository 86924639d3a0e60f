# cmake -DPROGRAM=<translate_dates> -DWORK=<folder> -P smoke.cmake
# A short training of each kind lowers the loss and leaves its pictures; wrong options end in one sentence and exit code 2.

cmake_minimum_required(VERSION 3.25)
include("${CMAKE_CURRENT_LIST_DIR}/../train/smoke.cmake")

foreach(kind IN ITEMS additive dot general concat local none)
  run(0 --attention ${kind} --steps 60 --batch 16 --tests 20 --out pictures)
  expect_loss_falls(0.9)
  expect(out "texts of 1 date")
endforeach()
expect_file(pictures/looked.svg "</svg>")
expect_file(pictures/known.svg "</svg>")
if(NOT err STREQUAL "")
  string(FIND "${err}" "translate_dates: none, step" at)
  if(at LESS 0)
    message(SEND_ERROR "Wanted only the progress line on stderr, but it is:\n${err}")
  endif()
endif()

# The same numbers in every run, whatever the progress line says.
run(0 --steps 5 --batch 4 --tests 5 --dates 2 --compare --quiet --out pictures)
set(first "${out}")
run(0 --steps 5 --batch 4 --tests 5 --dates 2 --compare --quiet --out pictures)
if(NOT first STREQUAL out)
  message(SEND_ERROR "Two runs differ.")
endif()
if(NOT err STREQUAL "")
  message(SEND_ERROR "--quiet said something on stderr: ${err}")
endif()

refuse("must be one of" --attention curious)
refuse("--steps" --steps 0)
refuse("--dates" --dates 7)
refuse("--batch" --batch many)
refuse("not expected" --unknown)
file(WRITE "${WORK}/file" "")
run(2 --steps 1 --batch 1 --tests 1 --quiet --out file)
expect(err "cannot make the folder file")
