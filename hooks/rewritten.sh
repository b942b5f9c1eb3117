capture_rewritten=
[ -t 0 ] || while IFS= read -r capture_line; do
  capture_rewritten="$capture_rewritten${capture_rewritten:+
}$capture_line"
done
