import Foundation

/// Processor time that processes have used, from `/proc`.
enum ProcessorTime {
  /// Microseconds of user and system time of a process; nil when it is not there.
  static func microseconds(of process: Int32) -> Int64? {
    guard let fields = stat(process) else { return nil }
    // Fields 14 and 15 of proc(5), counted after the name in brackets.
    guard fields.count > 12, let user = Int64(fields[11]), let system = Int64(fields[12]) else {
      return nil
    }
    return (user + system) * 1_000_000 / Int64(sysconf(Int32(_SC_CLK_TCK)))
  }

  /// Microseconds of a process and of those of its children that have ended.
  private static func microsecondsWithEnded(of process: Int32) -> Int64? {
    guard let fields = stat(process), fields.count > 14 else { return nil }
    // Fields 14 to 17 of proc(5).
    return fields[11...14].reduce(0) { $0 + (Int64($1) ?? 0) } * 1_000_000
      / Int64(sysconf(Int32(_SC_CLK_TCK)))
  }

  /// Microseconds of all processes below a process, such as a private database's, and of those that
  /// have ended.
  static func microsecondsOfDescendants(of process: Int32) -> Int64 {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    let all = names.compactMap { Int32($0) }
    var parents: [Int32: Int32] = [:]
    for id in all { parents[id] = stat(id).flatMap { $0.count > 1 ? Int32($0[1]) : nil } }
    return all.filter { id in
      var ancestor = parents[id]
      while let current = ancestor, current > 1 {
        if current == process { return true }
        ancestor = parents[current]
      }
      return false
    }.reduce(0) { $0 + (microsecondsWithEnded(of: $1) ?? 0) }
  }

  /// Bytes of memory that a process has resident; nil when it is not there.
  static func residentBytes(of process: Int32) -> Int? {
    guard
      let fields = try? String(contentsOfFile: "/proc/\(process)/statm", encoding: .utf8)
        .split(separator: " "), fields.count > 1, let pages = Int(fields[1])
    else { return nil }
    return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
  }

  /// The most bytes of memory that a process has had resident; nil when it is not there.
  static func peakBytes(of process: Int32) -> Int? {
    guard let text = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
      let kibibytes = line.split(whereSeparator: \.isWhitespace).dropFirst().first
    else { return nil }
    return Int(kibibytes).map { $0 * 1024 }
  }

  /// Seconds that the calling thread has had a core.
  static var secondsOfThread: Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  private static func stat(_ process: Int32) -> [Substring]? {
    guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
      let end = text.lastIndex(of: ")")
    else { return nil }
    return text[text.index(after: end)...].split(separator: " ")
  }
}
