/*
 * Can a library be loaded into this program? If the loader would ignore LD_PRELOAD, the program
 * would run in clear text without a word.
 */
#include "config.h"

#include "winsock/run/program.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define MOST_SCRIPTS 5 /* one interpreter after the other, like the kernel */

bool
program_find(const char *command, char path[PATH_MAX])
{
	const char *dirs = getenv("PATH"), *end;
	int n;

	if (dirs == NULL)
		dirs = "/usr/bin:/bin";
	if (strchr(command, '/') != NULL) {
		n = snprintf(path, PATH_MAX, "%s", command);
		return n > 0 && n < PATH_MAX && access(path, X_OK) == 0;
	}
	for (;; dirs = end + 1) {
		end = strchrnul(dirs, ':');
		n = snprintf(path, PATH_MAX, "%.*s%s/%s", (int)(end - dirs), dirs,
		    end == dirs ? "." : "", command);
		if (n > 0 && n < PATH_MAX && access(path, X_OK) == 0)
			return true;
		if (*end == '\0')
			return false;
	}
}

/* Runs with more rights than its caller: the loader does not trust the environment then. */
static bool
is_privileged(int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return true;
	if ((st.st_mode & S_ISUID) != 0 && st.st_uid != getuid())
		return true;
	if ((st.st_mode & S_ISGID) != 0 && st.st_gid != getgid())
		return true;
	return getuid() != 0 && fgetxattr(fd, "security.capability", NULL, 0) > 0;
}

/* An ELF file of this machine that names a loader. */
static bool
has_loader(int fd, const ElfW(Ehdr) * header)
{
	ElfW(Phdr) segment;

	if (header->e_ident[EI_CLASS] !=
		(sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32) ||
	    header->e_phentsize < sizeof(segment))
		return false;
	for (unsigned int i = 0; i < header->e_phnum; i++) {
		off_t at = (off_t)header->e_phoff + (off_t)i * header->e_phentsize;

		if (pread(fd, &segment, sizeof(segment), at) !=
		    (ssize_t)sizeof(segment))
			return false;
		if (segment.p_type == PT_INTERP)
			return true;
	}
	return false;
}

/* The interpreter of a script; false if there is none. */
static bool
read_interpreter(const char *line, char path[PATH_MAX])
{
	size_t n;

	line += 2 + strspn(line + 2, " \t");
	n = strcspn(line, " \t\r\n");
	if (n == 0 || n >= PATH_MAX)
		return false;
	memcpy(path, line, n);
	path[n] = '\0';
	return true;
}

static const char *
refuse_file(int fd, char path[PATH_MAX], bool *is_script)
{
	union {
		ElfW(Ehdr) header;
		char line[256];
	} start;
	ssize_t n;

	memset(&start, 0, sizeof(start));
	n = pread(fd, &start, sizeof(start) - 1, 0);
	if (n >= 2 && memcmp(start.line, "#!", 2) == 0) {
		*is_script = true;
		return read_interpreter(start.line, path) ? NULL :
							    "is a script of nothing";
	}
	if (is_privileged(fd))
		return "has more rights than you (set-uid or capabilities)";
	if (n >= (ssize_t)sizeof(start.header) &&
	    memcmp(start.header.e_ident, ELFMAG, SELFMAG) == 0)
		return has_loader(fd, &start.header) ?
			   NULL :
			   "is linked statically, or for another machine";
	return "is no program that the loader knows";
}

const char *
program_refuse(const char *program)
{
	char path[PATH_MAX];
	const char *why = NULL;
	bool is_script = true;
	int fd;

	(void)snprintf(path, sizeof(path), "%s", program);
	for (int i = 0; is_script && why == NULL; i++) {
		is_script = false;
		if (i == MOST_SCRIPTS)
			return "is a script of scripts";
		if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
			return "cannot be read";
		why = refuse_file(fd, path, &is_script);
		(void)close(fd);
	}
	return why;
}
