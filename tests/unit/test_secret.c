/*
 * test_secret.c
 *		Secrets: what is masked before a text is shown, and what is not.
 */
#include <stdlib.h>
#include <string.h>

#include "secret.h"

#include "tap.h"

static const struct
{
	const char *text;
	const char *shown;
} cases[] = {{"http://user:pw@host/x?y=a@b", "http://***@host/x?y=a@b"},
			 {"http://token@host/", "http://***@host/"},
			 {"http://a@b:c@host/", "http://***@host/"},
			 {"http://host/a@b", "http://host/a@b"},
			 {"http://host:80/", "http://host:80/"},
			 {"x postgresql://u:p@h/db y http://v:q@i/",
			  "x postgresql://***@h/db y http://***@i/"},
			 {"header=\"Authorization: Bearer abc.def\" timeout=1",
			  "header=\"Authorization: ***\" timeout=1"},
			 {"header='proxy-authorization:Basic eHg=' x",
			  "header='proxy-authorization:***' x"},
			 {"X-Api-Key: k1", "X-Api-Key: ***"},
			 {"Cookie: a=b; c=d", "Cookie: ***"},
			 {"Accept: text/html", "Accept: text/html"},
			 {"host=h password=secret user=u", "host=h password=*** user=u"},
			 {"password = 'it''s' user=u", "password = '***' user=u"},
			 {"password='a\\'b c' user=u", "password='***' user=u"},
			 {"sslpassword=x&a=b", "sslpassword=***&a=b"},
			 {"password=", "password="},
			 {"the password is secret", "the password is secret"},
			 {"password='open", "password='***"},
			 {"CREATE ROLE r PASSWORD 'it''s' LOGIN",
			  "CREATE ROLE r PASSWORD '***' LOGIN"},
			 {"{\"password\" : \"a\\\"b\", \"x\": 1}",
			  "{\"password\" : \"***\", \"x\": 1}"},
			 {"{\"password\": 12}", "{\"password\": ***}"},
			 {"\"password\" is a word", "\"password\" is a word"},
			 {"Authorization:", "Authorization:"},
			 {"://@", "://@"},
			 {"", ""}};

int
main(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		size_t len = strlen(cases[i].text);
		char *copy = malloc(len > 0 ? len : 1);
		Buf out = {0};
		bool hidden;

		memcpy(copy, cases[i].text, len);
		buf_append(&out, "", 0);
		secret_append(&out, copy, len);
		is_str(out.data, cases[i].shown, "shown: %s", cases[i].shown);
		secret_mask(copy, len);
		hidden = (memcmp(copy, cases[i].text, len) != 0) ==
				 (strcmp(cases[i].text, cases[i].shown) != 0);
		ok(hidden, "masked in place exactly when something is secret");
		buf_free(&out);
		free(copy);
	}
	{
		static const char url[] = "http://u:p@h/?password=x&u=http://v:w@i/";
		Buf out = {0};

		secret_append_url(&out, url, strlen(url));
		is_str(out.data, "http://***@h/?password=x&u=http://v:w@i/",
			   "of a URL the user info is masked, nothing else");
		buf_free(&out);
	}
	ok(secret_is_header("Proxy-Authorization: x", 22) &&
		   secret_is_header("cookie: x", 9) &&
		   secret_is_header("X-API-Key:x", 11),
	   "headers that prove who one is are known");
	ok(!secret_is_header("Accept: authorization:", 22) &&
		   !secret_is_header("X-Cookie-Count: 5", 17),
	   "others are not taken for them");
	return done_testing();
}
