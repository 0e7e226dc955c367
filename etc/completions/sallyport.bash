# sallyport.bash: completion for bash.  Install it as
# /usr/share/bash-completion/completions/sallyport, or source it.

# Options of each command; kept in step with the tables by a test.
_sallyport_options() {
	local common='--json --state-dir --config --help'
	case $1 in
	run)
		echo "$common --goal-file --constraint --context --provider
		    --model --max-iterations --timeout --sandbox --detach
		    --output-format --show --record --force --replay --set" ;;
	'runs list') echo "$common --limit" ;;
	'runs search')
		echo "$common --task --since --until --status --tool --text
		    --limit" ;;
	'runs stats') echo "$common --since --until" ;;
	'audit verify') echo "$common --live --key --head" ;;
	'audit export') echo "$common --run --since --until" ;;
	'runs cancel') echo "$common --now" ;;
	logs) echo "$common --follow --since" ;;
	'files get') echo "$common --output" ;;
	'sandbox open') echo "$common --sandbox --set" ;;
	'sandbox exec')
		echo "$common --in --timeout --stdin --working-dir --sandbox
		    --set" ;;
	'policy show') echo "$common --simulate" ;;
	'policy explain' | 'policy test') echo "$common --set" ;;
	'config show') echo "$common --effective --origin --set" ;;
	*) echo "$common" ;;
	esac
}

# The words that may follow a command; "" where it has none.
_sallyport_nouns() {
	case $1 in
	'') echo 'run runs logs files state sandbox audit tools policy config
	    doctor version help' ;;
	runs) echo 'list show search stats cancel' ;;
	files) echo 'list get' ;;
	sandbox) echo 'open exec close' ;;
	tools) echo 'list show' ;;
	audit) echo 'verify export key' ;;
	policy) echo 'show check explain test' ;;
	config) echo 'show' ;;
	help) echo 'exit run runs logs files state sandbox audit tools policy config
	    doctor version' ;;
	esac
}

_sallyport_values() {
	case $1 in
	--provider) echo 'openai replay' ;;
	--sandbox) echo 'auto native none' ;;
	--output-format) echo 'text json stream-json' ;;
	--show) echo 'tools text thinking' ;;
	esac
}

_sallyport_runs() {
	sallyport runs list --json 2>/dev/null |
	    sed -n 's/.*"run":"\([0-9a-f-]*\)".*/\1/p'
}

_sallyport() {
	local word=${COMP_WORDS[COMP_CWORD]}
	local before=${COMP_WORDS[COMP_CWORD - 1]}
	local noun=${COMP_WORDS[1]:-} name='' words
	COMPREPLY=()

	if [ "$COMP_CWORD" = 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W "$(_sallyport_nouns '')" \
		    -- "$word")
		return
	fi
	if [ -n "$(_sallyport_nouns "$noun")" ]; then
		if [ "$COMP_CWORD" = 2 ]; then
			mapfile -t COMPREPLY < <(compgen -W \
			    "$(_sallyport_nouns "$noun")" -- "$word")
			return
		fi
		name=" ${COMP_WORDS[2]}"
	fi
	case $before in
	--goal-file | --context | --record | --replay | --config | \
	    --output | -o)
		compopt -o default
		return ;;
	--state-dir)
		mapfile -t COMPREPLY < <(compgen -d -- "$word")
		return ;;
	esac
	words=$(_sallyport_values "$before")
	if [ -z "$words" ] && [ "${word#-}" != "$word" ]; then
		words=$(_sallyport_options "$noun$name")
	fi
	if [ -z "$words" ]; then
		case $noun$name in
		logs | state | 'runs show' | 'runs cancel' | 'files list' | \
		    'files get')
			words=$(_sallyport_runs) ;;
		'tools show' | 'policy explain')
			words=$(sallyport tools list | cut -d ' ' -f 1) ;;
		'policy show')
			words=$(sallyport policy show | cut -d ' ' -f 1) ;;
		esac
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -F _sallyport sallyport
