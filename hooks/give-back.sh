# Standard input was read above; here it is again, as it was, for what follows.
if [ -n "$capture_rewritten" ]; then
  exec <<CAPTURE_END
$capture_rewritten
CAPTURE_END
fi
unset capture_rewritten capture_line
