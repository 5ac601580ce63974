/*
 * http_names.c
 *	  Host names of a libcurl connection cache: which are known, since when.
 */
#include "http_names.h"

#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "loop.h"
#include "mem.h"

/* libcurl forgets after 60 s; ours goes first, so that it never looks up. */
#define FRESH_NS (50 * NS_PER_S)

/*
 * A + lets libcurl forget the entry in time; before 7.75 an entry stays until
 * it is replaced, which happens whenever it is renewed here.
 */
#define RESOLVE_PREFIX (LIBCURL_VERSION_NUM >= 0x074b00 ? "+" : "")

/* The variables that libcurl honours; it ignores HTTP_PROXY on purpose. */
static bool
environment_has_proxy(void)
{
	static const char *const names[] = {
		"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
	{
		const char *value = getenv(names[i]);

		if (value != NULL && value[0] != '\0')
			return true;
	}
	return false;
}

void
http_names_init(HttpNames *names)
{
	memset(names, 0, sizeof(*names));
	names->is_proxied = environment_has_proxy();
}

static void
name_free(HttpName *name)
{
	if (name == NULL)
		return;
	curl_slist_free_all(name->resolve);
	free(name->key);
	free(name);
}

void
http_names_clear(HttpNames *names)
{
	for (int i = 0; i < HTTP_NAME_SLOTS; i++)
		name_free(names->slots[i]);
	memset(names->slots, 0, sizeof(names->slots));
}

/* FNV-1a over the host, as it is written, and the port. */
static unsigned
name_slot(const HttpUrl *url)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < url->host_len; i++)
		hash = (hash ^ (unsigned char) url->host[i]) * 16777619u;
	hash = (hash ^ (uint32_t) url->port) * 16777619u;
	return (hash ^ hash >> 16) % HTTP_NAME_SLOTS;
}

static bool
name_matches(const HttpName *name, const HttpUrl *url)
{
	return name->host_len == url->host_len &&
		   memcmp(name->key, url->host, url->host_len) == 0 &&
		   atoi(name->key + name->host_len + 1) == url->port;
}

static HttpName *
name_new(const HttpUrl *url)
{
	HttpName *name = mem_alloc(sizeof(*name));
	Buf key = {0};

	buf_append(&key, url->host, url->host_len);
	buf_printf(&key, ":%d", url->port);
	name->key = key.data;
	name->host_len = url->host_len;
	return name;
}

HttpName *
http_names_find(HttpNames *names, const HttpUrl *url, int64_t now_ns)
{
	HttpName **slot;

	if (!url->is_name || names->is_proxied)
		return NULL;
	slot = &names->slots[name_slot(url)];
	if (*slot != NULL && name_matches(*slot, url))
		return (*slot)->lookup == NULL && now_ns < (*slot)->known_until_ns
				   ? NULL
				   : *slot;
	if (*slot != NULL && (*slot)->lookup != NULL)
		return NULL; /* taken: libcurl looks this one up itself */
	name_free(*slot);
	*slot = name_new(url);
	return *slot;
}

void
http_name_known(HttpName *name, const char *const *addresses, int naddresses,
				int64_t now_ns)
{
	Buf entry = {0};

	buf_printf(&entry, "%s%s:", RESOLVE_PREFIX, name->key);
	for (int i = 0; i < naddresses; i++)
	{
		bool is_ipv6 = strchr(addresses[i], ':') != NULL;

		buf_printf(&entry, "%s%s%s%s", i > 0 ? "," : "", is_ipv6 ? "[" : "",
				   addresses[i], is_ipv6 ? "]" : "");
	}
	curl_slist_free_all(name->resolve);
	name->resolve = curl_slist_append(NULL, entry.data);
	name->known_until_ns = now_ns + FRESH_NS;
	buf_free(&entry);
}
