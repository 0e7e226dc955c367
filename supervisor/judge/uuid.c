/*
 * uuid.c: UUIDs of version 7 (RFC 9562, 5.7): 48 bits of milliseconds, then
 * random bits, so that ids of later runs sort behind earlier ones.
 * Runs in: judge.  Input: uuid_parse reads text of clients, which is hostile.
 */
#include <string.h>

#include <sodium.h>

#include "supervisor/judge/journal.h"

void
uuid_new(uint8_t id[16], uint64_t ms)
{
	randombytes_buf(id, 16);
	for (int i = 0; i < 6; i++)
		id[i] = (uint8_t)(ms >> (40 - 8 * i));
	id[6] = (uint8_t)((id[6] & 0x0f) | 0x70);
	id[8] = (uint8_t)((id[8] & 0x3f) | 0x80);
}

void
uuid_text(char text[37], const uint8_t id[16])
{
	static const char hex[] = "0123456789abcdef";
	char *at = text;

	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*at++ = '-';
		*at++ = hex[id[i] >> 4];
		*at++ = hex[id[i] & 15];
	}
	*at = '\0';
}

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

int
uuid_parse(uint8_t id[16], const char *text)
{
	const char *at = text;

	if (strlen(text) != 36)
		return -1;
	for (int i = 0; i < 16; i++) {
		int high, low;

		if ((i == 4 || i == 6 || i == 8 || i == 10) && *at++ != '-')
			return -1;
		high = digit(at[0]);
		low = digit(at[1]);
		if (high < 0 || low < 0)
			return -1;
		id[i] = (uint8_t)(high << 4 | low);
		at += 2;
	}
	return 0;
}
