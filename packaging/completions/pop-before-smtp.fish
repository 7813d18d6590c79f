# Completion of pop-before-smtp and pbsctl in fish.
#
# It runs the typed program with --help, which prints the program's own table of
# flags, so that the completion always agrees with the program.

function __pop_before_smtp_flags
    set -l program (commandline -opc)[1]
    $program --help 2>/dev/null | string replace -rf \
        '^  --(\[no\])?([a-z0-9-]+=?)(\S*)\s+(.*)' '$1\t$2\t$3\t$4' |
        while read -l -d \t no flag what help
            set -l line "--$flag"
            switch $what
                case '*|*'
                    for word in (string split '|' -- $what)
                        printf '%s%s\t%s\n' $line $word $help
                    end
                case BITS
                    printf '%s64\n%s128\n' $line $line
                case '*'
                    printf '%s\t%s\n' $line $help
            end
            test -z "$no"; or printf '%s\t%s\n' "--no$flag" "not: $help"
        end
end

function __pbsctl_verbs
    set -l program (commandline -opc)[1]
    $program --help 2>/dev/null |
        string replace -rf '^  ([a-z][a-z-]*).*' '$1'
end

function __pbsctl_flags
    set -l words (commandline -opc)
    begin
        $words[1] $words[2] --help
        $words[1] --help | string match -r "^  $words[2] .*"
    end 2>/dev/null | string match -ra -- '--[a-z-]+'
    echo --help
end

# Flags begin with a dash; for anything else, files are offered, as for values.
complete -c pop-before-smtp -a '(__pop_before_smtp_flags)'
complete -c pbsctl -n 'test (count (commandline -opc)) -eq 1' -f -a '(__pbsctl_verbs)'
complete -c pbsctl -n 'test (count (commandline -opc)) -gt 1' -a '(__pbsctl_flags | sort -u)'
