/*
 * version.h: the program's version.
 * Runs in: everywhere.  Input: none.
 */
#ifndef SALLYPORT_VERSION_H
#define SALLYPORT_VERSION_H

#define SALLYPORT_VERSION	"0.1.0"

#endif
