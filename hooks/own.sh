#!/bin/sh
# "capture install" made this file. After adding lines of your own, run it again: until then the block ends the hook.
# >>> capture >>> placed by "capture install", taken out by "capture uninstall"; nothing in it can fail, print or wait
@REWRITTEN@exec </dev/null >/dev/null 2>&1
@FIND@# <<< capture <<<
