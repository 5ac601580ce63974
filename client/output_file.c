/*
 * output_file.c
 *	  A file that is there whole or not at all.
 */
#include "output_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mem.h"

bool
output_file_failed(const char *path, int error, Err *err)
{
	err_set(err, ERR_USAGE, "cannot write \"%.300s\": %s", path,
			strerror(error));
	err_hint(err, error == ENOSPC || error == EDQUOT || error == EFBIG
					  ? "make room, or name a file somewhere else"
					  : "name a file in a folder that you may write");
	return false;
}

static bool
is_stdout(const char *path)
{
	return strcmp(path, "-") == 0;
}

/* ".name.XXXXXX" in the folder of target, made and open; -1: not possible. */
static int
make_temporary(const char *target, char **temporary)
{
	const char *slash = strrchr(target, '/');
	int folder = slash != NULL ? (int) (slash - target) + 1 : 0;
	size_t bytes = strlen(target) + sizeof("..XXXXXX");
	int fd;

	*temporary = mem_alloc(bytes);
	snprintf(*temporary, bytes, "%.*s.%.240s.XXXXXX", folder, target,
			 target + folder);
	fd = mkstemp(*temporary);
	if (fd < 0)
	{
		free(*temporary);
		*temporary = NULL;
	}
	return fd;
}

/* The rights that a new file would have, or the old one has. */
static void
set_rights(int fd, const struct stat *old)
{
	mode_t mask = umask(0);

	umask(mask);
	(void) fchmod(fd, old != NULL ? old->st_mode & 07777 : 0666 & ~mask);
}

/*
 * Open for writing: beside its place, or in it.  Nothing is made of a path
 * that ends in a slash, which names a folder.
 */
static bool
open_output(OutputFile *output, const char *path, Err *err)
{
	struct stat old;
	bool exists = stat(path, &old) == 0;
	size_t len = strlen(path);
	int fd = -1;

	*output = (OutputFile){.path = path};
	if (len == 0)
		return output_file_failed(path, ENOENT, err);
	if ((exists && S_ISDIR(old.st_mode)) || path[len - 1] == '/')
		return output_file_failed(path, EISDIR, err);
	if (exists && access(path, W_OK) != 0)
		return output_file_failed(path, errno, err);
	output->target = exists ? realpath(path, NULL) : mem_strdup(path);
	if (output->target == NULL)
		return output_file_failed(path, errno, err);
	if (!exists || S_ISREG(old.st_mode))
		fd = make_temporary(output->target, &output->temporary);
	if (fd >= 0)
		set_rights(fd, exists ? &old : NULL);
	output->file = fd >= 0	? fdopen(fd, "w")
				   : exists ? fopen(output->target, "w")
							: NULL;
	if (output->file != NULL)
		return true;
	output_file_failed(path, errno, err);
	if (fd >= 0)
		close(fd);
	return false;
}

static void
forget(OutputFile *output)
{
	free(output->target);
	free(output->temporary);
	*output = (OutputFile){.path = output->path};
}

bool
output_file_check(const char *path, Err *err)
{
	OutputFile output;
	struct stat old;
	bool ok = true;

	if (is_stdout(path))
		return true;
	/* opening would wait for a reader, or wipe what is there */
	if (stat(path, &old) == 0 && !S_ISDIR(old.st_mode))
		return access(path, W_OK) == 0 || output_file_failed(path, errno, err);
	ok = open_output(&output, path, err);
	if (output.file != NULL)
		fclose(output.file);
	if (output.temporary != NULL)
		unlink(output.temporary);
	forget(&output);
	return ok;
}

FILE *
output_file_begin(OutputFile *output, const char *path, Err *err)
{
	if (is_stdout(path))
	{
		*output = (OutputFile){.path = path, .file = stdout};
		return stdout;
	}
	if (open_output(output, path, err))
		return output->file;
	forget(output);
	return NULL;
}

bool
output_file_end(OutputFile *output, Err *err)
{
	bool ok = true;

	if (output->file == stdout)
		return true; /* main says what could not be written to it */
	errno = 0;
	ok = fflush(output->file) == 0 && !ferror(output->file);
	if (fclose(output->file) != 0)
		ok = false;
	if (ok && output->temporary != NULL)
		ok = rename(output->temporary, output->target) == 0;
	if (!ok)
	{
		output_file_failed(output->path, errno != 0 ? errno : EIO, err);
		err->kind = ERR_IO;
		if (output->temporary != NULL)
			unlink(output->temporary);
	}
	forget(output);
	return ok;
}
