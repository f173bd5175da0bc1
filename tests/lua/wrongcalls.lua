--- Tests that call functions with what no one should give them, in processes of their own: a result is fine, and so is
-- an error that is about the user's line; nothing else is.

local wrongcalls = {}

-- -- In the test ------------------------------------------------------------------------------------------------

-- The process may have 3 GB of addresses and a minute of a processor's time. It works in a folder of its own.
local command = "cd '%s' && ulimit -v 3000000 && ulimit -t 60 && luajit '%s' '%s' %d 2>&1 </dev/null"

local function run(script, folder, log, first)
  local pipe = io.popen(command:format(folder, script, log, first))
  local output = pipe:read('*a')
  pipe:close()
  return output, tonumber(output:match('(%d+) calls\n$'))
end

--- Runs the script beside the test, as LuaJIT's program, until it has made all its calls; where the process dies, the
-- rest goes on in a new one. An error lists what was found; least: how many calls there must be.
function wrongcalls.test(name, least)
  local folder, log = os.tmpname(), os.tmpname()
  os.execute(("rm '%s' && mkdir '%s'"):format(folder, folder))
  local here = debug.getinfo(2, 'S').source:match('^@(.*/)')
  local script = (here:match('^/') and here or os.getenv('PWD') .. '/' .. here) .. name
  local found, first = {}, 0
  while first do
    local output, calls = run(script, folder, log, first)
    for line in output:gmatch('FOUND: ([^\n]*)') do found[#found + 1] = line end
    if calls and first == 0 and calls < least then found[#found + 1] = ('only %d calls'):format(calls) end
    if calls or #found > 20 then break end
    local last = require('files').content(log):match('^[^\n]*') or ''
    found[#found + 1] = ('the process died at %s\n%s'):format(last, output:sub(-300))
    first = tonumber(last:match('^%d+'))
  end
  os.execute(("rm -r '%s' '%s'"):format(folder, log))
  if #found > 0 then error(#found .. ' findings:\n' .. table.concat(found, '\n'), 0) end
end

-- -- In the script ----------------------------------------------------------------------------------------------

-- Messages of Lua and the FFI themselves, about lines that are not the user's.
local unhelpful = {'attempt to ', 'bad argument', 'cannot convert', 'has no member named', 'is not callable',
                   'table index is', 'invalid value', "' initial value must be", "' limit must be"}

--- What is wrong with an error; nil when nothing is. place: the user's file.
function wrongcalls.fault(message, place)
  if type(message) ~= 'string' then return 'the error is a ' .. type(message) end
  local helpful = message:sub(1, #place) == place
  for _, words in ipairs(unhelpful) do helpful = helpful and not message:find(words, 1, true) end
  if not helpful then return message end
end

--- For the script: a function enter(number, text) that notes what is about to be called, and the number of the last
-- thing that is to be passed over.
function wrongcalls.begin()
  local log = assert(io.open(arg[1], 'w'))
  log:setvbuf('no')
  return function(number, text)
    log:seek('set')
    log:write(number, ' ', text, (' '):rep(200), '\n')
  end, tonumber(arg[2])
end

function wrongcalls.found(text, message)
  print(('FOUND: %s: %s'):format(text, (message:gsub('\n', ' '))))
end

return wrongcalls
