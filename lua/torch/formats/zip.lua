--- Zip archives, as far as files of arrays need them: stored and deflated entries, sizes beyond 32 bits, no encryption,
-- no parts. Source: PKWARE's APPNOTE.TXT. Everything is read from the directory at the file's end, and held against the
-- file's size before it is believed: entries lie within the file and do not overlap, so that a small file cannot unpack
-- to more than zlib makes of its bytes.
local source = require 'torch.formats.source'
local streams = require 'torch.formats.stream'
local zlib = require 'torch.formats.zlib'

local zip = {}
local Archive = {}
Archive.__index = Archive

local number = source.number
local STORED, DEFLATED = 0, 8
local local_size, directory_size, end_size, end64_size, locator_size = 30, 46, 22, 56, 20
local longest_comment = 65535
local unknown = 0xffffffff -- stands where the size is among the extra fields

-- -- The directory ----------------------------------------------------------------------------------------------

-- The place of the record at the file's end, and its bytes.
local function find_end(s)
  local n = math.min(s.size, end_size + longest_comment)
  local tail = s:string(s.size - n, n)
  for at = n - end_size, 0, -1 do
    local found = tail:byte(at + 1) == 80 and tail:sub(at + 1, at + 4) == 'PK\5\6' -- 80: P
    if found and at + end_size + number(tail, at + 20, 2) <= n then
      return s.size - n + at, tail:sub(at + 1, at + end_size)
    end
  end
  return s:fail('is no zip archive, or was cut off: its directory is missing')
end

-- The size and place of the directory and the count of its entries.
local function read_end(s)
  local at, record = find_end(s)
  local count, size, place = number(record, 10, 2), number(record, 12, 4), number(record, 16, 4)
  if count ~= 0xffff and size ~= unknown and place ~= unknown or at < locator_size then return count, size, place end
  local locator = s:string(at - locator_size, locator_size)
  if locator:sub(1, 4) ~= 'PK\6\7' then return count, size, place end
  record = s:string(number(locator, 8, 8), end64_size)
  if record:sub(1, 4) ~= 'PK\6\6' then s:fail('has a damaged zip directory') end
  return number(record, 32, 8), number(record, 40, 8), number(record, 48, 8)
end

-- Sizes of 64 bits among the extra fields, in this order, for each that is unknown.
local function read_extra(s, extra, entry)
  local at = 0
  while at + 4 <= #extra do
    local id, n = number(extra, at, 2), number(extra, at + 2, 2)
    if id == 1 then
      local place, past = at + 4, math.min(at + 4 + n, #extra)
      for _, field in ipairs {'size', 'packed', 'at'} do
        if entry[field] == unknown then
          if place + 8 > past then s:fail('has a damaged zip directory: %q lacks its sizes', entry.name) end
          entry[field], place = number(extra, place, 8), place + 8
        end
      end
    end
    at = at + 4 + n
  end
end

local function read_entry(s, text, at)
  if text:sub(at + 1, at + 4) ~= 'PK\1\2' or at + directory_size > #text then
    s:fail('has a damaged zip directory')
  end
  local name, extra, comment = number(text, at + 28, 2), number(text, at + 30, 2), number(text, at + 32, 2)
  local past = at + directory_size + name + extra + comment
  if past > #text then s:fail('has a damaged zip directory') end
  local entry = {
    name = text:sub(at + directory_size + 1, at + directory_size + name), flags = number(text, at + 8, 2),
    method = number(text, at + 10, 2), crc = number(text, at + 16, 4), packed = number(text, at + 20, 4),
    size = number(text, at + 24, 4), at = number(text, at + 42, 4),
  }
  read_extra(s, text:sub(at + directory_size + name + 1, at + directory_size + name + extra), entry)
  return entry, past
end

-- -- Checks -----------------------------------------------------------------------------------------------------

local function check_sizes(s, entry, directory)
  if entry.at + local_size + #entry.name + entry.packed > directory then
    s:fail('%q lies beyond the file', entry.name)
  end
  local most = entry.method == STORED and entry.packed or entry.packed * zlib.most_inflation
  if entry.size > most then
    s:fail('%q announces %.0f bytes, more than its packed ones make', entry.name, entry.size)
  end
end

local function check_overlap(s, list)
  local sorted = {}
  for i, entry in ipairs(list) do sorted[i] = entry end
  table.sort(sorted, function(a, b) return a.at < b.at end)
  for i = 2, #sorted do
    local before = sorted[i - 1]
    if before.at + local_size + #before.name + before.packed > sorted[i].at then
      s:fail('%q and %q overlap', before.name, sorted[i].name)
    end
  end
end

--- The archive in a source: its field list has the entries in order, by_name the same by name; an entry has its name,
-- and its size unpacked.
function zip.open(s)
  local count, size, place = read_end(s)
  if place + size > s.size or count * directory_size > size then s:fail('has a damaged zip directory') end
  local text, at = s:string(place, size), 0
  local list, by_name = {}, {}
  for i = 1, count do
    list[i], at = read_entry(s, text, at)
    if by_name[list[i].name] then s:fail('%q is in the archive twice', list[i].name) end
    by_name[list[i].name] = list[i]
    check_sizes(s, list[i], place)
  end
  check_overlap(s, list)
  return setmetatable({source = s, list = list, by_name = by_name}, Archive)
end

-- -- Entries ----------------------------------------------------------------------------------------------------

-- pull, with the check sum compared once the entry's last byte was pulled.
local function checked(s, entry, pull)
  local crc, left = 0, entry.size
  return function(pointer, n)
    local count, reason = pull(pointer, n)
    if not count then return nil, reason end
    crc, left = zlib.crc32(s.what, crc, pointer, count), left - count
    if left == 0 and crc ~= entry.crc then return nil, 'the check sum is wrong' end
    return count, 'the packed bytes are fewer than announced'
  end
end

--- A stream of the unpacked bytes of an entry.
function Archive:stream(entry)
  local s = self.source
  if entry.flags % 2 == 1 then s:fail('%q is encrypted', entry.name) end
  local head = s:string(entry.at, local_size)
  if head:sub(1, 4) ~= 'PK\3\4' then s:fail('%q is not where the zip directory says', entry.name) end
  local at = entry.at + local_size + number(head, 26, 2) + number(head, 28, 2)
  if at + entry.packed > s.size then s:fail('%q lies beyond the file', entry.name) end
  local pull = streams.puller(s, at, entry.packed)
  if entry.method == DEFLATED then
    pull = zlib.inflater(s.what, pull)
  elseif entry.method ~= STORED then
    s:fail('%q is packed by method %d, expected 0 (stored) or 8 (deflated)', entry.name, entry.method)
  end
  return streams.new(s, entry.name, entry.size, checked(s, entry, pull), entry.method == DEFLATED)
end

--- All bytes of an entry as a string.
function Archive:string(entry)
  return self:stream(entry):string(entry.size, 'the entry')
end

return zip
