/*
 * provider.c: which model provider a run uses, and where it may connect.
 * Runs in: judge.
 * Input: the client's words and the configuration.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ipc/util.h"
#include "policy/url.h"
#include "supervisor/judge/provider.h"

int
refusal_set(struct refusal *r, int status, enum error error, const char *fmt,
    ...)
{
	va_list ap;

	r->status = status;
	r->error = error;
	va_start(ap, fmt);
	vsnprintf(r->message, sizeof(r->message), fmt, ap);
	va_end(ap);
	if (r->hint[0] == '\0')
		snprintf(r->hint, sizeof(r->hint), "%s", error_hint(error));
	return -1;
}

static const char *
find(const struct choice *w, const struct config *c, bool *fallback)
{
	const char *configured = config_text(c, KEY_sallyport_default_provider);

	*fallback = false;
	if (w->provider[0] != '\0' && strcmp(w->provider, "auto") != 0)
		return w->provider;
	if (w->replay)
		return "replay";
	if (strcmp(configured, "auto") != 0)
		return configured;
	if (w->credential ||
	    !config_is_default(c, KEY_providers_openai_base_url))
		return "openai";
	*fallback = true;
	return "replay";
}

static int
choose_openai(struct provider *p, const struct choice *w,
    const struct config *c, struct refusal *no)
{
	bool named = !config_is_default(c, KEY_providers_openai_base_url);
	const char *why = "";
	struct url url;

	snprintf(p->base_url, sizeof(p->base_url), "%s",
	    config_text(c, KEY_providers_openai_base_url));
	if (url_parse(p->base_url, &url, &why) == -1)
		return refusal_set(no, EXIT_config, ERROR_ConfigError,
		    "providers.openai.base_url (%s): %s",
		    config_origin(c, KEY_providers_openai_base_url), why);
	if (!named && !w->credential) {
		snprintf(no->hint, sizeof(no->hint), "set OPENAI_API_KEY, or "
		    "OPENAI_BASE_URL for a server of your own, or use "
		    "--provider replay");
		return refusal_set(no, EXIT_unavailable, ERROR_ProviderError,
		    "provider openai needs a key for %s", url.host);
	}
	snprintf(p->host, sizeof(p->host), "%s", url.host);
	p->port = url.port;
	/* A person wrote this very host: it may be a machine of their own. */
	p->private_allowed = named;
	snprintf(p->model, sizeof(p->model), "%s", w->model[0] != '\0' ?
	    w->model : config_text(c, KEY_providers_openai_default_model));
	p->timeout = (uint32_t)config_int(c, KEY_providers_openai_timeout) *
	    1000;
	p->stream = config_flag(c, KEY_providers_openai_stream);
	return 0;
}

int
provider_choose(struct provider *p, const struct choice *w,
    const struct config *c, struct refusal *no)
{
	bool fallback;
	const char *name = find(w, c, &fallback);
	char clean[80];

	*p = (struct provider){ .timeout = 60000 };
	snprintf(p->name, sizeof(p->name), "%s", name);
	if (strcmp(name, "openai") == 0)
		return choose_openai(p, w, c, no);
	if (strcmp(name, "replay") != 0) {
		text_escape(clean, sizeof(clean), name, strlen(name));
		return refusal_set(no, EXIT_unavailable, ERROR_ProviderError,
		    "there is no provider '%s': openai or replay", clean);
	}
	snprintf(p->model, sizeof(p->model), "%s",
	    w->model[0] != '\0' ? w->model : "replay");
	if (fallback)
		snprintf(p->notice, sizeof(p->notice), "no model is "
		    "configured: replaying recorded turns; set OPENAI_API_KEY "
		    "(and OPENAI_BASE_URL) for a real model");
	return 0;
}

bool
provider_may_dial(const struct provider *p, const char *host, uint32_t port)
{
	return p->host[0] != '\0' && strcmp(p->host, host) == 0 &&
	    p->port == port;
}
