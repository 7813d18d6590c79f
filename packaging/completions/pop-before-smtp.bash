# Completion of pop-before-smtp and pbsctl in bash.
#
# It runs the typed program with --help, which prints the program's own table of
# flags, so that the completion always agrees with the program.

_pop_before_smtp_value() # what of a value, its beginning
{
	case $1 in
	*'|'*) COMPREPLY=($(compgen -W "${1//|/ }" -- "$2")) ;;
	DIR) COMPREPLY=($(compgen -d -- "$2")) ;;
	NAME|USER) COMPREPLY=($(compgen -u -- "$2")) ;;
	*FILE*|PATH) COMPREPLY=($(compgen -f -- "$2")) ;;
	BITS) COMPREPLY=($(compgen -W '64 128' -- "$2")) ;;
	*NAME)
		if [[ $2 == /* ]]; then
			COMPREPLY=($(compgen -f -- "$2"))
		else
			COMPREPLY=($(compgen -S : -W "$("$3" --help 2>/dev/null |
			    sed -n 's/^Types of maps: //p')" -- "$2"))
			compopt -o nospace
		fi 2>/dev/null
		;;
	esac
}

_pop_before_smtp()
{
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
	local help=$("$1" --help 2>/dev/null)

	# Bash takes "=" for a word.
	if [[ $word == = ]]; then
		word=
	elif [[ $before == = ]]; then
		before=${COMP_WORDS[COMP_CWORD-2]}
	fi
	local what=
	[[ $before != --* ]] ||
		what=$(sed -n "s/^  $before=\([^ ]*\).*/\1/p" <<<"$help")
	if [[ -n $what ]]; then
		_pop_before_smtp_value "$what" "$word" "$1"
		return
	fi
	COMPREPLY=($(compgen -W "$(sed -n \
	    -e 's/^  --\[no\]\([a-z0-9-]*\).*/--\1 --no\1/p' \
	    -e 's/^  \(--[a-z0-9-]*=\).*/\1/p' \
	    -e 's/^  \(--[a-z0-9-]*\)  .*/\1/p' <<<"$help")" -- "$word"))
	[[ ${COMPREPLY[0]} != *= ]] || compopt -o nospace 2>/dev/null
}

_pbsctl()
{
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
	local verb=${COMP_WORDS[1]} help what

	if [[ $COMP_CWORD -eq 1 ]]; then
		COMPREPLY=($(compgen -W "$("$1" --help 2>/dev/null | sed -n \
		    -e 's/^  \([a-z][a-z-]*\).*/\1/p' \
		    -e 's/^  \(--[a-z]*\), \(--[a-z]*\)/\1 \2/p')" -- "$word"))
		return
	fi
	help=$("$1" "$verb" --help 2>/dev/null; "$1" --help 2>/dev/null |
	    sed -n "s/^  $verb /  $verb /p")
	[[ $before != --* ]] || what=$(sed -n \
	    "s/.*$before \([A-Z][A-Z]*\).*/\1/p" <<<"$help" | head -n 1)
	if [[ -n $what ]]; then
		_pop_before_smtp_value "$what" "$word" "$1"
	elif [[ $word == -* ]]; then
		COMPREPLY=($(compgen -W "$(grep -o -e '--[a-z-]*' <<<"$help") \
		    --help" -- "$word"))
	else
		COMPREPLY=($(compgen -f -- "$word"))
	fi
}

complete -o filenames -F _pop_before_smtp pop-before-smtp
complete -o filenames -F _pbsctl pbsctl
