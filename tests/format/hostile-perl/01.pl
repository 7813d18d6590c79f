$PID_pat = '^... (\d+)';
$IP_pat = 'from (\S+)';
$OK_pat='ok';
$FAIL_pat="bad";
$dbvalue = 'ok';
=pod

text

=cut
$logtime_pat = '(\d\d)'; $out_pat = qr/x/i;
