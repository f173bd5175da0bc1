--- xlua.OptionParser(usage): reads the options of a script's command line; "%prog" in usage is the script's name.
--   local parser = xlua.OptionParser('%prog [options] FILE')
--   parser:option{'-r', '--rate', dest = 'rate', default = 0.1, help = 'learning rate'}
--   parser:option{'-v', '--verbose', action = 'store_true', dest = 'verbose', help = 'say more'}
--   local options, words = parser:parse()
-- Values from the command line are strings.
local errors = require 'torch.errors'

local OptionParser = {}
OptionParser.__index = OptionParser

local function takes_value(row) return row.action == nil or row.action == 'store' end

--- Declares an option, by its flags and: dest, the key of its value; action: 'store' (the default), 'store_true',
-- 'store_false'; default; req = true when it must be given; help; metavar, the name of its value in the help.
function OptionParser:option(row)
  if type(row.dest) ~= 'string' then errors.fail('option: expected a name as dest, got a %s', type(row.dest)) end
  self.rows[#self.rows + 1] = row
  for _, flag in ipairs(row) do self.by_flag[flag] = row end
end

--- Prints a message and the help, and ends the program.
function OptionParser:fail(message)
  io.stderr:write(message, '\n')
  self:help()
  os.exit(1)
end

-- The words of the command line, "--input=file" as two.
local function split_words()
  local words = {}
  for _, word in ipairs(rawget(_G, 'arg') or {}) do
    local flag, value = word:match('^(%-%-[^=]+)=(.*)$')
    words[#words + 1] = flag or word
    if flag then words[#words + 1] = value end
  end
  return words
end

local function read_word(self, words, i, options, rest)
  local word = words[i]
  local row = self.by_flag[word]
  if not row then
    if word:match('^%-') then self:fail('invalid option ' .. word) end
    rest[#rest + 1] = word
    return i
  end
  if not takes_value(row) then
    options[row.dest] = row.action == 'store_true'
    return i
  end
  options[row.dest] = words[i + 1] or row.default
  if options[row.dest] == nil then self:fail('option requires an argument ' .. word) end
  return i + 1
end

--- Reads the command line; gives the options by dest and the list of the other words. options: a table for them, whose
-- values stand for those not given. options.__main__ is false when there is no command line.
function OptionParser:parse(options)
  options = options or {}
  local rest, words, i = {}, split_words(), 1
  for _, row in ipairs(self.rows) do
    if options[row.dest] == nil then options[row.dest] = row.default end
  end
  self.options, options.__main__ = options, rawget(_G, 'arg') ~= nil
  while i <= #words do i = read_word(self, words, i, options, rest) + 1 end
  if options.help then
    self:help()
    os.exit(0)
  end
  for _, row in ipairs(self.rows) do
    if options.__main__ and row.req and options[row.dest] == nil then
      self:fail(('option %s requires an argument'):format(row[#row]))
    end
  end
  return options, rest
end

--- The flags of an option as the help shows them: "-r RATE, --rate=RATE".
function OptionParser:flags(row)
  local list = {}
  for i, flag in ipairs(row) do
    local value = takes_value(row) and (row.metavar or row.dest:upper())
    list[i] = flag .. (value and (#flag == 2 and ' ' or '=') .. value or '')
  end
  return table.concat(list, ', ')
end

local function default_text(row)
  if row.req then return ' [REQUIRED]' end
  return row.default and (' [default = %s]'):format(tostring(row.default)) or ''
end

local function program()
  local arg = rawget(_G, 'arg') or {}
  return arg[0] and (arg[-1] and arg[-1] .. ' ' or '') .. arg[0] or 'THISPROG'
end

--- Prints the help.
function OptionParser:help()
  local lines, width = {}, 0
  for _, row in ipairs(self.rows) do width = math.max(width, #self:flags(row)) end
  for i, row in ipairs(self.rows) do
    local flags = self:flags(row)
    lines[i] = ('  %s%s  %s%s\n'):format(flags, (' '):rep(width - #flags), row.help or '', default_text(row))
  end
  local name = program():gsub('%%', '%%%%')
  io.write('Usage: ', (self.usage:gsub('%%prog', name)), '\n\nOptions:\n', table.concat(lines))
end

local function as_file_name(self, flags)
  local wanted, parts = {}, {}
  for _, flag in ipairs(flags or {}) do wanted[flag] = true end
  for _, row in ipairs(self.rows) do
    local value = self.options[row.dest]
    if value and (next(wanted) == nil or wanted[row[1]]) then parts[#parts + 1] = row[1] .. '=' .. tostring(value) end
  end
  return (table.concat(parts, ','):gsub('/', '|'):gsub(' ', '_'))
end

--- The options that were read, a line each; or, when as_name is true, as part of a file name: those whose first flags
-- the list flags names, or all.
function OptionParser:tostring(as_name, flags)
  if as_name then return as_file_name(self, flags) end
  local names = {}
  for name in pairs(self.options) do names[#names + 1] = name end
  table.sort(names)
  local arg = rawget(_G, 'arg') or {}
  local lines = {('<%s> configuration:\n'):format(((arg[0] or 'interpreted.lua'):gsub('%.lua$', '')))}
  for _, name in ipairs(names) do
    lines[#lines + 1] = (' + %s = %s\n'):format(name, tostring(self.options[name]))
  end
  return table.concat(lines)
end

--- Prints that.
function OptionParser:summarize(as_name) io.write(self:tostring(as_name)) end

return function(usage)
  local self = setmetatable({usage = usage or '%prog', rows = {}, by_flag = {}}, OptionParser)
  self:option{'-h', '--help', action = 'store_true', dest = 'help', help = 'show this help message and exit'}
  return self
end
