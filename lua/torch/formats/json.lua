--- JSON, read by lua-cjson. Objects and arrays become tables, null becomes torch.json.null. Tensors are written as
-- nested arrays; numbers are written so that the same ones are read again. JSON has no NaN and no infinity: they are an
-- error, or null where that is asked for.
local errors = require 'torch.errors'
local replace = require 'torch.replacefile'
local source = require 'torch.formats.source'
local text_of = require 'torch.formats.jsontext'

local found, cjson = pcall(require, 'cjson')
if not found then errors.fail('json: the package cjson is not on this machine; on Debian, apt install lua-cjson') end

-- An own one: its settings are nobody else's.
cjson = cjson.new()
cjson.decode_invalid_numbers(false)
cjson.decode_max_depth(1000)

local json = {null = cjson.null}

-- -- Reading ----------------------------------------------------------------------------------------------------

--- The value of a text, or nil and what is wrong with it.
function json.parse(text)
  local ok, value = pcall(cjson.decode, text)
  if ok then return value end
  return nil, value
end

local function decode(s)
  local value, reason = json.parse(s:string(0, s.size))
  if value == nil then s:fail('%s', reason) end
  return value
end

--- torch.json.decode(text): the value of a JSON text.
--   print(torch.json.decode('{"sizes": [2, 3]}').sizes[2])   -- 3
function json.decode(text)
  return decode(source.of_string('json', text))
end

--- torch.json.load(path): the value in a JSON file.
function json.load(path)
  return source.with('json', path, decode)
end

-- -- Writing ----------------------------------------------------------------------------------------------------

--- A string in quotes.
function json.quote(s)
  return (cjson.encode(s):gsub('\\/', '/')) -- cjson escapes every slash
end

local function settings(what, options)
  options = options or {}
  if type(options) ~= 'table' then errors.fail('%s: expected a table of options, got %s', what, type(options)) end
  if options.nan ~= nil and options.nan ~= 'null' then
    errors.fail("%s: expected 'null' as the option nan, got %s", what, tostring(options.nan))
  end
  return {what = what, quote = json.quote, null = json.null, nan = options.nan}
end

--- torch.json.encode(value[, options]): numbers, strings, booleans, tables (lists, or by names) and tensors as JSON
-- text.
-- options: {nan = 'null'} writes null for NaN and infinity, which are an error otherwise.
--   print(torch.json.encode {x = torch.Tensor{{1, 0.5}}})   -- {"x":[[1,0.5]]}
function json.encode(value, options)
  return text_of(value, settings('json.encode', options))
end

--- torch.json.save(path, value[, options]): the same into a file, which appears whole or not at all.
function json.save(path, value, options)
  local given = settings('json.save', options)
  replace('json.save', path, function(file)
    file:binary()
    text_of(value, given, function(text) file:writeString(text) end)
    file:writeString('\n')
  end)
end

return json
