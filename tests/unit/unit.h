/*
 * unit.h: cmocka and what it wants included before it.
 * Runs in: unit tests.  Input: none.
 */
#ifndef SALLYPORT_UNIT_H
#define SALLYPORT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#endif
