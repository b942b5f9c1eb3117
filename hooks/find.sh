set +eu
capture_hook=@HOOK@ capture_git=${GIT_DIR:-.git}
[ ! -f "$capture_git" ] || { IFS= read -r capture_git <"$capture_git" && capture_git=${capture_git#gitdir: }; }
capture_common=$capture_git
if [ -f "$capture_git/commondir" ]; then
  IFS= read -r capture_common <"$capture_git/commondir"
  case $capture_common in /*) ;; *) capture_common=$capture_git/$capture_common ;; esac
fi
# Only an enrolled repository has this file: a hooks directory may be shared by many.
[ ! -f "$capture_common/capture/hook" ] || . "$capture_common/capture/hook"
exit 0
