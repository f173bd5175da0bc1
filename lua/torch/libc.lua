--- The functions of the C library that clocks and files need, under names of our own, so that they do not clash with
-- what another package tells the FFI about the same functions.
local ffi = require 'ffi'
local fs = require 'paths.fs'

ffi.cdef [[
typedef struct mt_file mt_file;
int mt_c_clock(int clock, void *spec) __asm__("clock_gettime");
int mt_c_usage(int who, void *usage) __asm__("getrusage");
int mt_c_sleep(const void *spec, void *left) __asm__("nanosleep");
mt_file *mt_c_open(const char *path, const char *mode) __asm__("fopen");
mt_file *mt_c_popen(const char *command, const char *mode) __asm__("popen");
int mt_c_close(mt_file *f) __asm__("fclose");
int mt_c_pclose(mt_file *f) __asm__("pclose");
size_t mt_c_read(void *data, size_t size, size_t count, mt_file *f) __asm__("fread");
size_t mt_c_write(const void *data, size_t size, size_t count, mt_file *f) __asm__("fwrite");
int mt_c_seek(mt_file *f, int64_t offset, int whence) __asm__("fseeko");
int64_t mt_c_tell(mt_file *f) __asm__("ftello");
int mt_c_flush(mt_file *f) __asm__("fflush");
int mt_c_error(mt_file *f) __asm__("ferror");
void mt_c_clear(mt_file *f) __asm__("clearerr");
int mt_c_getc(mt_file *f) __asm__("getc");
int mt_c_ungetc(int c, mt_file *f) __asm__("ungetc");
int mt_c_setvbuf(mt_file *f, char *buffer, int mode, size_t size) __asm__("setvbuf");
int mt_c_fileno(mt_file *f) __asm__("fileno");
int mt_c_sync(int descriptor) __asm__("fsync");
int mt_c_chmod(int descriptor, unsigned mode) __asm__("fchmod");
int mt_c_rename(const char *from, const char *to) __asm__("rename");
int mt_c_remove(const char *path) __asm__("unlink");
int mt_c_getpid(void) __asm__("getpid");
char *mt_c_realpath(const char *path, char *resolved) __asm__("realpath");
void mt_c_free(void *p) __asm__("free");
char *mt_c_strerror(int code) __asm__("strerror");
size_t mt_c_strcspn(const char *text, const char *stops) __asm__("strcspn");
double mt_c_strtod(const char *text, char **rest) __asm__("strtod");
long long mt_c_strtoll(const char *text, char **rest, int base) __asm__("strtoll");
ssize_t mt_c_pread(int descriptor, void *data, size_t n, int64_t place) __asm__("pread");
int mt_c_isatty(int descriptor) __asm__("isatty");
long mt_c_sysconf(int name) __asm__("sysconf");
]]

-- kind: see paths.fs
local libc = {C = ffi.C, kind = fs.kind, make_folder = fs.make_folder}

--- What the last failed call says: "No space left on device".
function libc.reason()
  return ffi.string(ffi.C.mt_c_strerror(ffi.errno()))
end

return libc
