import Glibc

/// How many files the process may have open; each connection is one.
///
/// Systems start programs with a soft limit of 1,024 for the sake of old ones, and let them raise it.
enum OpenFiles {
  /// Raises the limit to a count where it is lower; gives what holds then.
  static func allow(_ count: Int) -> Int {
    let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    guard getrlimit(files, &limit) == 0 else { return count }
    let wanted = min(rlim_t(count), limit.rlim_max)
    if limit.rlim_cur < wanted {
      let before = limit.rlim_cur
      limit.rlim_cur = wanted
      if setrlimit(files, &limit) != 0 { limit.rlim_cur = before }
    }
    return Int(clamping: limit.rlim_cur)
  }
}
