/*
 * step_http.c
 *	  \http: one request, its answer as variables.
 *
 * The work of a slot keeps the request and the buffers that its texts are
 * expanded into, so that a step used again and again allocates nothing.
 */
#include "task.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http_gate.h"
#include "mem.h"
#include "secret.h"
#include "step_call.h"
#include "utf8.h"

#define SHOWN_CHARS 200		   /* of a body in an error message */
#define KEPT_BYTES (64 * 1024) /* of an answer's memory between two uses */

typedef struct HttpWork
{
	HttpRequest request;
	Buf url;
	Buf body;
	Buf *headers;		/* expanded, one for each of the plan's */
	const char **lines; /* the same, and one of our own */
	int headers_cap;
	StepCall call;
	HttpLane *lane; /* during a call */
	HttpTurn turn;	/* at our own limits, if there are any */
	bool has_begun; /* it is behind them */
} HttpWork;

/* -------- what to ask -------- */

/* The text of a template, in the plan's memory or in buf. */
static bool
expand(const Step *step, const Template *template, Buf *buf, const char **text,
	   Err *err)
{
	if (template->is_fixed)
	{
		*text = template->fixed_text;
		return true;
	}
	buf_reset(buf);
	if (!template_expand(template, &step->task->vars, true, buf, err))
		return false;
	buf_append(buf, "", 0); /* there is a text even if it is empty */
	*text = buf->data;
	return true;
}

static void
work_make_headers(HttpWork *work, int count)
{
	if (count <= work->headers_cap)
		return;
	work->headers =
		mem_realloc(work->headers, (size_t) count * sizeof(*work->headers));
	memset(work->headers + work->headers_cap, 0,
		   (size_t) (count - work->headers_cap) * sizeof(*work->headers));
	work->lines =
		mem_realloc(work->lines, (size_t) (count + 1) * sizeof(*work->lines));
	work->headers_cap = count;
}

static bool
has_header(const HttpRequest *request, const char *name)
{
	for (int i = 0; i < request->nheaders; i++)
		if (strncasecmp(request->headers[i], name, strlen(name)) == 0)
			return true;
	return false;
}

static bool
expand_headers(Step *step, Err *err)
{
	const PlanHttp *plan = &step->plan->http;
	HttpWork *work = step->http;

	work_make_headers(work, plan->nheaders + 1);
	for (int i = 0; i < plan->nheaders; i++)
		if (!expand(step, &plan->headers[i], &work->headers[i],
					&work->lines[i], err))
			return false;
	work->request.headers = work->lines;
	work->request.nheaders = plan->nheaders;
	if (plan->body_kind == HTTP_NO_BODY ||
		has_header(&work->request, "Content-Type:"))
		return true;
	work->lines[work->request.nheaders++] =
		plan->body_kind == HTTP_JSON_BODY
			? "Content-Type: application/json"
			: "Content-Type: text/plain; charset=utf-8";
	return true;
}

static bool
expand_body(Step *step, Err *err)
{
	const PlanHttp *plan = &step->plan->http;
	HttpRequest *request = &step->http->request;

	request->body = NULL;
	request->body_len = 0;
	if (plan->body_kind == HTTP_NO_BODY)
		return true;
	if (!expand(step, &plan->body, &step->http->body, &request->body, err))
		return false;
	request->body_len =
		plan->body.is_fixed ? strlen(request->body) : step->http->body.len;
	return true;
}

static bool
expand_request(Step *step, Err *err)
{
	const PlanHttp *plan = &step->plan->http;
	const Engine *engine = step->task->engine;
	HttpWork *work = step->http;
	HttpRequest *request = &work->request;

	request->method = plan->method;
	request->follow = plan->follow;
	request->max_body_bytes = plan->max_body_bytes;
	request->cacert = plan->cacert;
	request->insecure = plan->insecure;
	request->connect_timeout_ns =
		engine->connect_timeout_ns > 0 ? engine->connect_timeout_ns : -1;
	request->timeout_ns = -1; /* the step's deadline sees to it */
	return expand(step, &plan->url, &work->url, &request->url, err) &&
		   expand_headers(step, err) && expand_body(step, err);
}

/* -------- what came back -------- */

/* No NUL and no high bit in eight bytes at a time. */
static bool
is_plain_ascii(const char *text)
{
	uint64_t word;
	const uint64_t ones = UINT64_C(0x0101010101010101);

	memcpy(&word, text, sizeof(word));
	return ((word | (word - ones)) & (ones << 7)) == 0;
}

/* Where the first byte is that text cannot have; len when there is none. */
static size_t
text_valid_len(const char *text, size_t len)
{
	size_t at = 0;
	uint32_t code;

	while (at < len)
	{
		int n;

		if (len - at >= sizeof(uint64_t) && is_plain_ascii(text + at))
		{
			at += sizeof(uint64_t);
			continue;
		}
		n = utf8_decode(text + at, len - at, &code);
		if (n == 0 || text[at] == '\0')
			return at;
		at += (size_t) n;
	}
	return len;
}

/* The beginning of a text body on one line; nothing of any other. */
static void
append_shown_body(const Buf *answer, Buf *out)
{
	size_t at = 0;
	bool was_blank = true;
	Buf line = {0};

	if (text_valid_len(answer->data, answer->len) < answer->len)
		return;
	for (int n = 0; at < answer->len && n < SHOWN_CHARS; n++)
	{
		uint32_t code = 0;
		int len = utf8_decode(answer->data + at, answer->len - at, &code);
		bool is_blank = code <= ' ' || code == 0x7F;

		if (!is_blank)
			buf_append(&line, answer->data + at, (size_t) len);
		else if (!was_blank)
			buf_putc(&line, ' ');
		was_blank = is_blank;
		at += (size_t) len;
	}
	if (line.len > 0)
	{
		buf_puts(out, ": ");
		secret_append(out, line.data, line.len - (was_blank ? 1 : 0));
		if (at < answer->len)
			buf_puts(out, "…");
	}
	buf_free(&line);
}

static bool
refuse_status(const Step *step, Err *err)
{
	const HttpRequest *request = &step->http->request;
	Buf text = {0};

	buf_printf(&text, "%s ", request->method);
	http_safe_url(request->url, &text);
	buf_printf(&text, " answered %d", request->status);
	append_shown_body(&request->answer, &text);
	err_set(err, ERR_HTTP, "%s", text.data);
	if (request->status >= 300 && request->status < 400)
		err_hint(err, "follow=5 follows up to five redirects");
	else
		err_hint(err, "expect=any lets the plan look at the status itself");
	buf_free(&text);
	return false;
}

static bool
check_body_text(const Step *step, Err *err)
{
	const PlanHttp *plan = &step->plan->http;
	const Buf *answer = &step->http->request.answer;
	size_t valid = text_valid_len(answer->data, answer->len);

	if (valid == answer->len)
		return true;
	err_set(err, ERR_DATA, "the body of \"%s\" is no text: byte %zu %s",
			plan->name, valid + 1,
			answer->data[valid] == '\0' ? "is a NUL" : "is not UTF-8");
	err_hint(err,
			 ":%s_body can hold UTF-8 text only; a plan that does not use "
			 "it takes any body",
			 plan->name);
	return false;
}

static bool
set_variables(Step *step, Err *err)
{
	const PlanHttp *plan = &step->plan->http;
	const HttpRequest *request = &step->http->request;
	Vars *vars = &step->task->vars;

	if (request->status < plan->expect_lo || request->status > plan->expect_hi)
		return refuse_status(step, err);
	if (plan->body_is_read && !check_body_text(step, err))
		return false;

	value_set_int(vars_set(vars, plan->status_symbol), request->status);
	value_set_double(vars_set(vars, plan->time_symbol),
					 (double) (request->arrived_ns - request->started_ns) /
						 1e9);
	if (request->content_type[0] != '\0')
		value_set_text(vars_set(vars, plan->type_symbol),
					   request->content_type, strlen(request->content_type));
	else
		value_set_null(vars_set(vars, plan->type_symbol));
	if (plan->body_is_read)
		value_set_text(vars_set(vars, plan->body_symbol), request->answer.data,
					   request->answer.len);
	return true;
}

/* The one end of every request, however it was made. */
static void
http_finish(Step *step)
{
	HttpRequest *request = &step->http->request;
	Err *err = &request->err;

	for (int phase = 0; phase < PHASES; phase++)
		if (request->phase_ns[phase] > 0)
			step_phase(step, (Phase) phase, request->phase_ns[phase]);
	step->failure.fault = request->fault;
	if (err->kind == ERR_NONE && !set_variables(step, err) &&
		err->kind == ERR_HTTP)
		step->failure.status = request->status;
	if (request->retry_after_s > 0)
		step->failure.retry_after_ns = request->retry_after_s * NS_PER_S;
	if (request->answer.cap > KEPT_BYTES)
		buf_free(&request->answer);
	http_gate_leave(step->task->engine->gate, &step->http->turn);
	step_done(step, err->kind == ERR_NONE ? NULL : err);
}

/* -------- async -------- */

static void
on_done(HttpRequest *request)
{
	Step *step = request->arg;

	if (request->err.kind != ERR_CANCEL)
		step_arrived(step, request->arrived_ns);
	http_finish(step);
}

/* -------- blocking, thread -------- */

static void
http_run(StepCall *call)
{
	HttpWork *work = call->step->http;

	http_perform(work->lane, &work->request, &call->call);
}

static void
http_interrupt(StepCall *call)
{
	http_lane_interrupt(call->step->http->lane);
}

static void
http_call_done(StepCall *call)
{
	Step *step = call->step;
	HttpWork *work = step->http;

	if (step->call == CALL_THREAD)
		http_lane_give(step->task->engine->http, work->lane);
	work->lane = NULL;
	http_finish(step);
}

static void
http_call(Step *step)
{
	Engine *engine = step->task->engine;

	step->http->lane = step->call == CALL_THREAD ? http_lane_take(engine->http)
												 : engine->lane;
	step_call_start(&step->http->call, step);
}

/* -------- the row -------- */

static void
on_turn(HttpTurn *turn)
{
	step_limited(turn->arg, true);
	step_wake(turn->arg);
}

static HttpWork *
http_work_new(void)
{
	HttpWork *work = mem_alloc(sizeof(*work));

	http_request_init(&work->request);
	work->request.on_done = on_done;
	work->call.run = http_run;
	work->call.interrupt = http_interrupt;
	work->call.done = http_call_done;
	work->turn.on_turn = on_turn;
	return work;
}

static void
http_send(Step *step)
{
	step->http->has_begun = true;
	if (step->call != CALL_ASYNC)
	{
		http_call(step);
		return;
	}
	step_started(step);
	http_start(step->task->engine->http, &step->http->request);
}

static void
http_step_start(Step *step)
{
	HttpGate *gate = step->task->engine->gate;
	Err err;

	if (step->http == NULL)
		step->http = http_work_new();
	step->http->request.arg = step;
	step->http->turn.arg = step; /* steps move while none is live */
	step->http->has_begun = false;
	step->failure.may_repeat =
		retry_method_may_repeat(step->plan->http.method);
	if (!expand_request(step, &err))
	{
		step_done(step, &err);
		return;
	}
	if (gate == NULL ||
		http_gate_enter(gate, &step->http->turn, step->http->request.url))
		http_send(step);
	else
		step_limited(step, false);
}

/* Its turn at our limits has come. */
static void
http_step_resume(Step *step)
{
	http_send(step);
}

/* It has not begun: nothing is under way that could end it later. */
static void
http_give_up(Step *step)
{
	Err err;

	http_gate_leave(step->task->engine->gate, &step->http->turn);
	err_set(&err, ERR_CANCEL,
			"canceled while waiting at --http-rate or "
			"--per-host");
	step_done(step, &err);
}

static void
http_step_cancel(Step *step)
{
	if (step->http->turn.host != NULL && !step->http->has_begun)
		http_give_up(step);
	else if (step->call != CALL_ASYNC)
		step_call_cancel(&step->http->call);
	else
		http_cancel(step->task->engine->http, &step->http->request);
}

static void
http_step_forget(Step *step)
{
	HttpWork *work = step->http;

	if (work == NULL)
		return;
	http_request_clear(&work->request);
	buf_free(&work->url);
	buf_free(&work->body);
	for (int i = 0; i < work->headers_cap; i++)
		buf_free(&work->headers[i]);
	free(work->headers);
	free(work->lines);
	free(work);
	step->http = NULL;
}

const StepOps step_http_ops = {
	.start = http_step_start,
	.resume = http_step_resume,
	.cancel = http_step_cancel,
	.forget = http_step_forget,
};
