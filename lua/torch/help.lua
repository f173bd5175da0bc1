--- help(name): what is known of a function or class, as text; nil when there is nothing.
--   require 'torch.help'('torch.rand')
-- The text is the comment above a function that begins with its signature, or else the doc of its op's row.
local op = require 'torch.op'

-- Torch7's second names of ops
local other = {
  csub = 'sub', cmul = 'mul', cdiv = 'div', cpow = 'pow', cfmod = 'fmod', mod = 'fmod', cmod = 'fmod',
  cremainder = 'remainder', cbitand = 'bitand', cbitor = 'bitor', cbitxor = 'bitxor', clshift = 'lshift',
  crshift = 'rshift', mm = 'matmul', bmm = 'matmul',
}

-- The name that the signature at the start of a text is of: "torch.rand([result,] …" is of rand, "torch.npy.load(path)"
-- of npy.load.
local function signed(text)
  local path = text:match('^([%a_][%w_%.:]*)%(')
  return path and (path:match('^[%w_]+%.([%w_]+%.[%w_]+)$') or path:match('([%w_]+)$'))
end

-- Enters a comment under the names that its first line has signatures of.
local function enter(docs, lines)
  local first, text = lines[1], table.concat(lines, '\n')
  local name = signed(first)
  if not name then return end
  docs[name] = docs[name] or text
  for more in first:gmatch('[,d] (%S+%()') do -- after a comma or an "and"
    name = signed(more)
    if name then docs[name] = docs[name] or text end
  end
end

local function read(docs, path)
  local file = io.open(path)
  if not file then return end
  local lines
  for line in file:lines() do
    local start, rest = line:match('^%-%-%- ?(.*)$'), line:match('^%-%- ?(.*)$')
    if start then
      lines = {start}
    elseif lines and rest then
      lines[#lines + 1] = rest
    elseif lines then
      enter(docs, lines)
      lines = nil
    end
  end
  file:close()
end

local known = {} -- package → its comments by name, and how many modules were read

-- Modules whose functions stand in torch before they are loaded.
local lazy = {}
for name in pairs(require 'torch.formats.packages') do lazy[#lazy + 1] = 'torch.formats.' .. name end

-- The comments of the modules of a package that are loaded by now, or stand ready.
local function docs_of(package_name)
  local modules = {}
  for name in pairs(package.loaded) do
    if name == package_name or name:sub(1, #package_name + 1) == package_name .. '.' then
      modules[#modules + 1] = name
    end
  end
  for _, name in ipairs(package_name == 'torch' and lazy or {}) do
    if not package.loaded[name] then modules[#modules + 1] = name end
  end
  local before = known[package_name]
  if before and before.count == #modules then return before.docs end
  table.sort(modules)
  local docs = {}
  for _, name in ipairs(modules) do
    local path = package.searchpath(name, package.path)
    if path then read(docs, path) end
  end
  known[package_name] = {docs = docs, count = #modules}
  return docs
end

return function(name)
  if type(name) ~= 'string' then return nil end
  local package_name, short = name:match('^([%a_][%w_]*)[%.:](.+)$')
  local docs = docs_of(package_name and package.loaded[package_name] and package_name or 'torch')
  short = short or name
  if docs[short] then return docs[short] end
  short = short:match('([%w_]+)$')
  if docs[short] then return docs[short] end
  local row = op.by_name[short] or op.by_name[other[short]]
  return row and row.doc
end
