--- Prints rows as they come, and writes them as a Markdown table at the end.
local report = {}

local Report = {}
Report.__index = Report

function report.new(opt, machine)
  local self = setmetatable({opt = opt, machine = machine, rows = {}}, Report)
  if not opt.tsv then
    print(('%s, %d threads; memory %.1f GB/s, sgemm %.1f Gflop/s'):format(machine.processor, machine.threads,
      machine.bandwidth / 1e9, machine.peak / 1e9))
    print(('%-40s %10s %10s %7s %6s %7s %8s %8s'):format('', 'ours ms', 'peer ms', 'ratio', 'goal', 'bound', 'our MB',
      'peer MB'))
  end
  return self
end

-- The part of the time that the machine needs at the least: bytes through memory, or flops at sgemm's speed.
local function bound(self, row, seconds)
  local least = row.bytes and row.bytes / self.machine.bandwidth or row.flops and row.flops / self.machine.peak
  return least and least / seconds
end

local function cell(format, value) return value and format:format(value) or '-' end

local function cells(self, r)
  return {cell('%.4g', r.ours * 1e3), cell('%.4g', r.peer and r.peer * 1e3), cell('%.2f', r.ratio),
          cell('%.2f', r.goal), self.opt.toy and '-' or cell('%.0f %%', r.bound and 100 * r.bound),
          cell('%.0f', r.our_peak), cell('%.0f', r.peer_peak)}
end

--- result: what pair.time gave.
function Report:add(name, row, result)
  result.name, result.goal, result.bound = name, row.goal, bound(self, row, result.ours)
  self.rows[#self.rows + 1] = result
  if self.opt.tsv then
    print(('%s\t%.6g\t%.6g\t%.4g\t%.1f\t%.1f'):format(name, result.ours * 1e3, (result.peer or 0 / 0) * 1e3,
      result.ratio or 0 / 0, result.our_peak, result.peer_peak or 0 / 0))
  else
    print(('%-40s %10s %10s %7s %6s %7s %8s %8s'):format(name, unpack(cells(self, result))))
  end
  io.flush()
end

local function write_markdown(self, path)
  local m = self.machine
  local lines = {
    '# Side by side with PyTorch', '',
    ('%s, %d threads; memory %.1f GB/s (copy), sgemm %.1f Gflop/s. Made by `./moontorch bench`.'):format(
      m.processor, m.threads, m.bandwidth / 1e9, m.peak / 1e9), '',
    'Times are medians; the ratio is the median of paired ratios, ours / PyTorch. Bound: the share of our time that',
    'the machine needs at the least, for the bytes at the speed of a copy or the flops at that of sgemm.', '',
    '| row | ours ms | PyTorch ms | ratio | goal | bound | our MB | its MB |', '|---|---|---|---|---|---|---|---|'}
  for _, r in ipairs(self.rows) do
    lines[#lines + 1] = '| ' .. r.name .. ' | ' .. table.concat(cells(self, r), ' | ') .. ' |'
  end
  local file = assert(io.open(path, 'w'))
  file:write(table.concat(lines, '\n'), '\n')
  file:close()
end

--- Whether there was a row.
function Report:finish()
  if self.opt.write ~= '' then write_markdown(self, self.opt.write) end
  if #self.rows == 0 then io.stderr:write('no benchmark is called so\n') end
  return #self.rows > 0
end

return report
