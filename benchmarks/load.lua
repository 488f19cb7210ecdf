-- wrk's script. Its arguments: a file of whole requests, each ended by \1; the number of the first one; the status that
-- every answer must have. Whatever is below 400 counts as right unless it must be 304: to look at each costs wrk time.
-- In a request \2 stands for its number, in twelve digits: so no two are alike.
local requests, number, threads = {}, 0, {}

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  local file = assert(io.open(args[1], "rb"))
  for request in file:read("*a"):gmatch("([^\1]+)\1") do
    local before, after = request:match("^(.*)\2(.*)$")
    table.insert(requests, {before = before or request, after = after})
  end
  file:close()
  number = tonumber(args[2])
  wrongs = 0
  local status = tonumber(args[3])
  if status == 304 then
    function response(answered)
      if answered ~= status then wrongs = wrongs + 1 end
    end
  end
end

function request()
  local asked = requests[number % #requests + 1]
  number = number + 1
  if asked.after then
    return asked.before .. string.format("%012d", number) .. asked.after
  end
  return asked.before
end

function done(summary, latency)
  local wrong = summary.errors.status
  for _, thread in ipairs(threads) do wrong = wrong + thread:get("wrongs") end
  local lost = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  io.write(string.format(
    '\n{"requests": %d, "duration_us": %d, "p50_us": %d, "p99_us": %d, "wrong": %d, "lost": %d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), wrong, lost
  ))
end
