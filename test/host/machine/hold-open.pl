# hold-open.pl PATH NAME ARGS...: keeps PATH open under another name until standard input ends.
my ($path, @words) = @ARGV;
open(my $held, "+<", $path) or die "$path: $!\n";
$| = 1;
# Written over the argument area, so that /proc/PID/cmdline reads NUL-separated as of a program started so.
$0 = join("\0", @words);
print "$$\n";
sysread(STDIN, my $byte, 1);
