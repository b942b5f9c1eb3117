#!/bin/sh
# Placed by "capture install" before the repository's own hook, which is left as it is; taken away by "capture uninstall".
@BLOCK@if [ -f @ORIGINAL@ ] && [ -x @ORIGINAL@ ]; then exec @ORIGINAL@ "$@"; fi
