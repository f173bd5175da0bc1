--- paths: file names as text, and what lies on the disk.
local t = require 'harness'
local paths = require 'paths'

local function write(path, text)
  local file = assert(io.open(path, 'w'))
  file:write(text or '')
  file:close()
  return path
end

local function read(path)
  local file = assert(io.open(path))
  local text = file:read('*a')
  file:close()
  return text
end

-- Runs f(folder) with an empty folder, which is gone afterwards.
local function in_folder(f)
  local folder = paths.tmpname()
  assert(paths.mkdir(folder))
  local ok, message = pcall(f, folder)
  assert(paths.rmall(folder, 'yes'))
  if not ok then error(message, 0) end
end

-- -- Text -------------------------------------------------------------------------------------------------------

t.test('basename, with and without a suffix', function()
  for path, base in pairs {['a/b.lua'] = 'b.lua', ['a/b/'] = 'b', ['/'] = '', [''] = '', a = 'a', ['/a//b//'] = 'b'} do
    t.eq(paths.basename(path), base, path)
  end
  t.eq(paths.basename('a/b.lua', 'lua'), 'b')
  t.eq(paths.basename('a/b.lua', '.lua'), 'b')
  t.eq(paths.basename('a/b.lua', 'ua'), 'b.lua')
  t.eq(paths.basename('.lua', 'lua'), '.lua')
  t.eq(paths.basename('b.lua', ''), 'b.lua')
end)

t.test('dirname and extname', function()
  for path, folder in pairs {['a/b'] = 'a', ['/a'] = '/', a = '.', ['/'] = '/', [''] = '.', ['a/b/'] = 'a',
                             ['a//b'] = 'a', ['/a/b/c'] = '/a/b'} do
    t.eq(paths.dirname(path), folder, path)
  end
  t.eq(paths.extname('a/b.tar.gz'), 'gz')
  t.eq(paths.extname('.bashrc'), 'bashrc')
  t.eq(paths.extname('a'), nil)
  t.eq(paths.extname('a.b/c'), nil)
end)

t.test('concat resolves each name from the one before', function()
  t.eq(paths.concat('/a', 'b', 'c.lua'), '/a/b/c.lua')
  t.eq(paths.concat('/a/b', '../c'), '/a/c')
  t.eq(paths.concat('/a', '/b'), '/b')
  t.eq(paths.concat('/a/', './b/.'), '/a/b')
  t.eq(paths.concat('/', '..', '..'), '/')
  t.eq(paths.concat('/a', 7), '/a/7')
  t.eq(paths.concat(), paths.cwd())
  t.eq(paths.concat('x'), paths.cwd() .. '/x')
  t.eq(paths.cwd(), io.popen('pwd -P'):read('*l'))
end)

-- -- Disk -------------------------------------------------------------------------------------------------------

t.test('files and folders are told apart', function()
  in_folder(function(folder)
    local file = write(folder .. '/a.txt')
    t.eq({paths.filep(file), paths.dirp(file)}, {true, false})
    t.eq({paths.filep(folder), paths.dirp(folder)}, {false, true})
    t.eq({paths.filep(folder .. '/none'), paths.dirp(folder .. '/none')}, {false, false})
    t.eq({paths.filep('/dev/null'), paths.dirp('/dev/null')}, {true, false})
  end)
end)

local function collect(next_name)
  local list = {}
  for name in next_name do list[#list + 1] = name end
  return list
end

t.test('dir, files, iterdirs and iterfiles list a folder', function()
  in_folder(function(folder)
    for _, name in ipairs {'b.lua', 'a.lua', 'c.txt'} do write(folder .. '/' .. name) end
    paths.mkdir(folder .. '/sub')
    t.eq(paths.dir(folder), {'.', '..', 'a.lua', 'b.lua', 'c.txt', 'sub'})
    t.eq(collect(paths.files(folder)), paths.dir(folder))
    t.eq(collect(paths.files(folder, '%.lua$')), {'a.lua', 'b.lua'})
    t.eq(collect(paths.files(folder, function(name) return #name == 3 end)), {'sub'})
    t.eq(collect(paths.iterdirs(folder)), {'sub'})
    t.eq(collect(paths.iterfiles(folder)), {'a.lua', 'b.lua', 'c.txt'})
    t.eq(paths.dir(folder .. '/none'), nil)
    t.eq(collect(paths.files(folder .. '/none')), {})
  end)
end)

t.test('mkdir makes the folders on the way; failures say why', function()
  in_folder(function(folder)
    t.eq(paths.mkdir(folder .. '/x/y/z'), true)
    t.ok(paths.dirp(folder .. '/x/y/z'))
    t.eq({paths.mkdir(folder)}, {nil, folder .. ': File exists', 17})
    local file = write(folder .. '/file')
    local made, reason = paths.mkdir(file .. '/below')
    t.eq({made, reason}, {nil, file .. ': File exists'})
    t.eq({paths.rmdir(folder .. '/x')}, {nil, folder .. '/x: Directory not empty', 39})
    t.eq(paths.rmdir(folder .. '/x/y/z'), true)
    t.ok(not paths.dirp(folder .. '/x/y/z'))
  end)
end)

t.test('rmall wants a yes, and does not follow links', function()
  in_folder(function(folder)
    write(folder .. '/kept')
    paths.mkdir(folder .. '/tree/deep')
    write(folder .. '/tree/deep/file')
    os.execute(("ln -s '%s' '%s/tree/link'"):format(folder, folder))
    os.execute(("ln -s /nonexistent '%s/tree/broken'"):format(folder))
    local done, reason = paths.rmall(folder .. '/tree')
    t.eq({done, reason}, {nil, "rmall: expected 'yes' as the second argument"})
    t.eq(paths.rmall(folder .. '/tree', 'yes'), true)
    t.eq(paths.dir(folder), {'.', '..', 'kept'})
    t.eq({(paths.rmall(folder .. '/tree', 'yes'))}, {})
  end)
end)

t.test('tmpname gives fresh names, which are removed at the end', function()
  local script, list = paths.tmpname(), paths.tmpname()
  write(script, [[
    local paths = require 'paths'
    local a, b = paths.tmpname(), paths.tmpname()
    assert(a ~= b and not paths.filep(a))
    local file = io.open(a, 'w')
    file:write('x')
    file:close()
    file = io.open(arg[1], 'w')
    file:write(a)
    file:close()
  ]])
  t.eq(os.execute(("luajit '%s' '%s'"):format(script, list)), 0)
  t.eq(paths.filep(read(list)), false)
end)

t.test('programs are found on the path', function()
  t.eq(paths.findprogram('no such program', 'sh'):match('/sh$'), '/sh')
  t.eq(paths.findprogram('no such program'), nil)
  t.ok(paths.dirp(paths.execdir()))
end)

t.test('the machine', function()
  local system, _, processor = paths.uname()
  t.eq({system, processor}, {io.popen('uname -s'):read('*l'), io.popen('uname -m'):read('*l')})
  t.eq({paths.is_win(), paths.is_mac()}, {false, system == 'Darwin'})
  t.raises('registry', paths.getregistryvalue, 'HKEY_USERS', 'a', 'b')
  t.eq(paths.home, os.getenv('HOME') or '.')
end)

-- -- The calling file -------------------------------------------------------------------------------------------

t.test('thisfile and dofile start from the calling file', function()
  t.eq(paths.basename(paths.thisfile()), 'test_paths.lua')
  t.eq(paths.thisfile('other.lua'), paths.concat(paths.dirname(paths.thisfile()), 'other.lua'))
  t.eq(loadstring("local file = require('paths').thisfile() return file", '=prompt')(), nil)
  in_folder(function(folder)
    write(folder .. '/main.lua', "local a, b, c = paths.dofile('part.lua') return {a, b, c, paths.thisfile('x')}")
    write(folder .. '/part.lua', 'return 1, nil, 3')
    t.eq(dofile(folder .. '/main.lua'), {1, nil, 3, folder .. '/x'})
  end)
end)

t.test('require loads a C module by name', function()
  t.eq(paths.require('string'), string)
  t.raises("module 'no_such_module' not found", paths.require, 'no_such_module')
end)

t.test('arguments of the wrong kind are errors at the line of the call', function()
  local function here(f, ...)
    local ok, message = pcall(f, ...)
    t.eq(ok, false)
    t.ok(message:find('expected a') and message:find('test_paths.lua', 1, true), message)
  end
  here(function() local x = paths.filep(nil) return x end)
  here(function() local x = paths.concat('a', {}) return x end)
  here(function() local x = paths.dir(true) return x end)
  here(function() local x = paths.files('.', 3) return x end)
  t.raises('zero byte', paths.filep, 'a\0b')
end)

t.test("the global is there, and comes with torch", function()
  t.eq(rawget(_G, 'paths'), paths)
  t.eq(os.execute([[luajit -e "require 'torch' assert(paths.concat('/a', 'b') == '/a/b')"]]), 0)
end)
