--- sys.COLORS: what changes the colour of text on a terminal. red and the like are plain, Red is bold, _red is the
-- background; none ends them all.
--   print(sys.COLORS.red .. 'no' .. sys.COLORS.none)
local colors = {none = '\27[0m'}

for code, name in pairs {[0] = 'black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'} do
  colors[name] = ('\27[0;3%dm'):format(code)
  colors[name:gsub('^%l', string.upper)] = ('\27[1;3%dm'):format(code)
  colors['_' .. name] = ('\27[4%dm'):format(code)
end

return colors
