/* The console: a key press is a line of the standard input here. */
#ifndef AUTHIP_CONIO_H
#define AUTHIP_CONIO_H

#include <stdio.h>

#define _getch() getchar()
#define getch() getchar()

#endif
