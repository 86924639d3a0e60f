# cmake -DPROGRAM=<write_like> -DWORK=<folder> -P smoke.cmake
# A short training lowers the loss, learns a line by heart, and a saved model writes the same; wrong options end in one
# sentence and exit code 2.

cmake_minimum_required(VERSION 3.25)
include("${CMAKE_CURRENT_LIST_DIR}/../train/smoke.cmake")

string(REPEAT "where there is a will, there is a way.\n" 40 text)
file(WRITE "${WORK}/text" "${text}")
set(small --context 32 --features 32 --layers 2 --heads 2 --batch 8 --quiet)
run(0 text ${small} --steps 300 --save model --prompt "where" --count 60 --temperature 0)
expect_loss_falls(0.2)
expect(out "where there is a will, there is a way.\nwhere there is a")
expect(out "the same to the bit")
if(NOT err STREQUAL "")
  message(SEND_ERROR "--quiet said something on stderr: ${err}")
endif()
run(0 --load model --prompt "where" --count 60 --temperature 0)
expect(out "where there is a will, there is a way.\nwhere there is a")

refuse("cannot open none" none)
file(WRITE "${WORK}/empty" "")
refuse("empty is empty" empty)
file(WRITE "${WORK}/short" "short")
refuse("characters" short)
refuse("do not divide into --heads" text --features 33 --heads 2)
refuse("does not occur in the text" --load model --prompt "Ω")
refuse("cannot open missing" --load missing)
file(WRITE "${WORK}/bad" "no model at all")
refuse("bad" --load bad)
refuse("give one of them" --load model --save other)
refuse("--steps" --steps none)
