#compdef pop-before-smtp pbsctl
# Completion of pop-before-smtp and pbsctl in zsh.
#
# It runs the typed program with --help, which prints the program's own table of
# flags, so that the completion always agrees with the program.

_pop_before_smtp_value() { # what of a value
	case $1 in
	*'|'*) compadd -- ${(s:|:)1} ;;
	DIR) _files -/ ;;
	NAME|USER) _users ;;
	*FILE*|PATH) _files ;;
	BITS) compadd -- 64 128 ;;
	*NAME)
		if [[ $PREFIX == /* ]]; then
			_files
		else
			compadd -S : -- ${=${(M)${(f)2}:#Types of maps:*}#*: }
		fi
		;;
	esac
}

_pop_before_smtp() {
	local help="$($words[1] --help 2>/dev/null)" line flag what
	local -a flags values

	for line in ${(M)${(f)help}:#  --*}; do
		flag=${${line#  }%% *}
		case $flag in
		--\[no\]*) flags+=(--${flag#--\[no\]} --no${flag#--\[no\]}) ;;
		*=*)
			values+=(${flag%%=*}=)
			if [[ $PREFIX == ${flag%%=*}=* ]]; then
				compset -P '*='
				_pop_before_smtp_value "${flag#*=}" "$help"
				return
			elif [[ $words[CURRENT-1] == ${flag%%=*} ]]; then
				_pop_before_smtp_value "${flag#*=}" "$help"
				return
			fi
			;;
		*) flags+=($flag) ;;
		esac
	done
	compadd -- $flags
	compadd -S '' -- $values
}

_pbsctl() {
	local help="$($words[1] --help 2>/dev/null)" verb=$words[2] before what

	if (( CURRENT == 2 )); then
		compadd -- ${${(M)${(f)help}:#  [a-z]*}/(#b)  ([a-z-]##)*/$match[1]}
		return
	fi
	before=$words[CURRENT-1]
	help="$($words[1] $verb --help 2>/dev/null)
${(F)${(M)${(f)help}:#  $verb *}}"
	if [[ $before == --* && $help =~ "$before ([A-Z]+)" ]]; then
		_pop_before_smtp_value $match[1] ''
	elif [[ $PREFIX == -* ]]; then
		compadd -- ${(u)${(M)${=${help//[^a-z-]/ }}:#--[a-z]*}} --help
	else
		_files
	fi
}

setopt localoptions extendedglob
case $service in
pbsctl) _pbsctl ;;
*) _pop_before_smtp ;;
esac
