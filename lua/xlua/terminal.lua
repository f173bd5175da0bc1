--- What programs draw on a terminal: its width, and a line that is drawn over itself.
local ffi = require 'ffi'

ffi.cdef [[
int xlua_isatty(int descriptor) __asm__("isatty");
int xlua_ioctl(int descriptor, unsigned long request, ...) __asm__("ioctl");
]]

local terminal = {}

--- Whether standard output is a terminal.
function terminal.is_terminal() return ffi.C.xlua_isatty(1) ~= 0 end

local window_size = ffi.os == 'Linux' and 0x5413 or 0x40087468 -- TIOCGWINSZ

--- The columns of the terminal: what it says itself, or else $COLUMNS, or 80.
function terminal.width()
  local size = ffi.new('unsigned short[4]') -- rows, columns, and both in pixels
  if ffi.C.xlua_ioctl(1, window_size, size) == 0 and size[1] > 0 then return size[1] end
  return tonumber(os.getenv('COLUMNS') or '') or 80
end

--- Draws a line over the one drawn before; last: it stays. Where nothing can be drawn over, only the last is written.
function terminal.redraw(text, last)
  local drawn = terminal.is_terminal()
  if not drawn and not last then return end
  io.write(drawn and '\r' or '', text, drawn and '\27[K' or '', last and '\n' or '')
  io.flush()
end

return terminal
