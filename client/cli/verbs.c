/*
 * verbs.c: the table of all commands, in the order in which help lists them.
 * Runs in: sallyport.  Input: none.
 */
#include "client/cli/cli.h"

extern const struct verb verb_run, verb_runs_list, verb_runs_show,
    verb_runs_cancel, verb_runs_search, verb_runs_stats, verb_logs,
    verb_files_list, verb_files_get, verb_state,
    verb_sandbox_open, verb_sandbox_exec, verb_sandbox_close,
    verb_audit_export, verb_audit_verify, verb_audit_key,
    verb_tools_list, verb_tools_show, verb_policy_show,
    verb_policy_check, verb_policy_test, verb_policy_explain, verb_config_show,
    verb_doctor, verb_version, verb_help, verb_help_exit;

const struct verb *const verbs[] = {
	&verb_run,
	&verb_runs_list,
	&verb_runs_show,
	&verb_runs_search,
	&verb_runs_stats,
	&verb_runs_cancel,
	&verb_logs,
	&verb_files_list,
	&verb_files_get,
	&verb_state,
	&verb_sandbox_open,
	&verb_sandbox_exec,
	&verb_sandbox_close,
	&verb_tools_list,
	&verb_tools_show,
	&verb_policy_show,
	&verb_policy_check,
	&verb_policy_test,
	&verb_policy_explain,
	&verb_audit_verify,
	&verb_audit_export,
	&verb_audit_key,
	&verb_config_show,
	&verb_doctor,
	&verb_version,
	&verb_help_exit,
	&verb_help,
};
const size_t verbs_count = nitems(verbs);
