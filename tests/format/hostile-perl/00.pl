$pat = '^(... .. ..:..:..) \S+ (?:ipop3s?d|imaps?d)\[\d+\]: (?:Login|Authenticated|Auth) user=\S+ host=(?:\S+ )?\[(\d+\.\d+\.\d+\.\d+)\]';
$grace = 30*60;
$dbfile = '/etc/postfix/pop-before-smtp';
@mynets = ('127.0.0.0/8', "10.0.0.0/8"); # ours
%file_tail = ( name => '/var/log/maillog', maxinterval=>10 );
$logto = '-'; $write = 1; $debug = 0;
sub custom { my $x = q{a}; return <<EOT; }
text
EOT
1;
