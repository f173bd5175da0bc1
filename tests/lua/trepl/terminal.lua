-- A program under a pseudo-terminal, for tests of what a person at a keyboard sees.
local ffi = require 'ffi'

ffi.cdef [[
typedef struct { unsigned short rows, columns, x, y; } test_winsize;
typedef struct { int fd; short events, revents; } test_pollfd;
int forkpty(int *master, char *name, const void *termios, const test_winsize *size);
int execve(const char *path, char *const *argv, char *const *envp);
int kill(int pid, int sig);
int waitpid(int pid, int *status, int options);
int poll(test_pollfd *fds, unsigned long count, int milliseconds);
ssize_t read(int fd, void *to, size_t count);
ssize_t write(int fd, const void *from, size_t count);
int close(int fd);
void _exit(int status);
]]

local terminal = {}
terminal.__index = terminal

local patience = 20 -- seconds without a byte before a wait is given up; far above what any answer takes

local function words(list)
  local out = ffi.new('const char *[?]', #list + 1)
  for i, word in ipairs(list) do out[i - 1] = word end
  return ffi.cast('char *const *', out), out
end

--- Starts a program: argv is its path and words, env its whole environment ("NAME=value").
function terminal.open(argv, env)
  local master, size = ffi.new 'int[1]', ffi.new('test_winsize', 40, 100)
  local argv_c, keep_argv = words(argv)
  local env_c, keep_env = words(env)
  local pid = ffi.C.forkpty(master, nil, nil, size)
  if pid == 0 then
    ffi.C.execve(argv[1], argv_c, env_c)
    ffi.C._exit(127)
  end
  assert(pid > 0 and keep_argv and keep_env, 'forkpty failed')
  return setmetatable({ pid = pid, fd = master[0], seen = '' }, terminal)
end

--- Types the text.
function terminal:send(text)
  assert(ffi.C.write(self.fd, text, #text) == #text)
end

-- Adds what the program has written to self.seen, without escape sequences; false at its end or when patience is over.
function terminal:take()
  local ready = ffi.new('test_pollfd', self.fd, 1)
  if ffi.C.poll(ready, 1, patience * 1000) <= 0 then return false, 'nothing more came' end
  local bytes = ffi.new 'char[4096]'
  local count = tonumber(ffi.C.read(self.fd, bytes, 4096))
  if count <= 0 then return false, 'the program has ended' end
  self.seen = (self.seen .. ffi.string(bytes, count)):gsub('\27%[[%d;?]*%a', ''):gsub('\r', '')
  return true
end

--- Waits until the text (plain) has come and gives what came before it; raises an error that shows what came instead.
function terminal:wait(text)
  while true do
    local from, to = self.seen:find(text, 1, true)
    if from then
      local before = self.seen:sub(1, from - 1)
      self.seen = self.seen:sub(to + 1)
      return before
    end
    local ok, why = self:take()
    if not ok then error(('waiting for %q: %s after %q'):format(text, why, self.seen), 2) end
  end
end

--- Does nothing for some seconds.
function terminal.pause(seconds)
  ffi.C.poll(nil, 0, seconds * 1000)
end

-- The exit status, or 128 + the signal that ended the program; nil when it does not end within some seconds.
local function status_of(pid)
  local status = ffi.new 'int[1]'
  for _ = 1, patience * 100 do
    if ffi.C.waitpid(pid, status, 1) == pid then
      local signal = status[0] % 128
      return signal == 0 and math.floor(status[0] / 256) % 256 or 128 + signal
    end
    terminal.pause(0.01)
  end
end

--- Waits for the program's end and gives its exit status, or 128 + the signal that ended it.
function terminal:finish()
  while self:take() do end
  local status = status_of(self.pid)
  if not status then ffi.C.kill(self.pid, 9) end
  ffi.C.close(self.fd)
  return status or error('the program did not end', 2)
end

return terminal
