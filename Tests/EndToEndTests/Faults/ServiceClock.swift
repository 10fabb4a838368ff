import Foundation
import Glibc
import Programs
import Synchronization

/// The clock of a service, set by hand: a library of a few lines stands before the system's.
///
/// Only the time of day jumps. What measures durations (the monotonic clocks) goes on as it does, as when
/// somebody sets the clock of a machine. (libfaketime does not do for this: it moves timers of the
/// monotonic clock too, and Swift's sleep waits by one.) PostgreSQL keeps the machine's clock, which no
/// statement asks: `noStatementAsksTheDatabaseForTheTime`.
final class ServiceClock: Sendable {
  /// Whether the compiler that comes with Swift is there for the library.
  static let isPossible: Bool =
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    .contains { FileManager.default.isExecutableFile(atPath: "\($0)/clang") }

  /// Adds what lies in a file, as 8 bytes, to every reading of the time of day.
  private static let source = """
    #define _GNU_SOURCE
    #include <dlfcn.h>
    #include <fcntl.h>
    #include <stdint.h>
    #include <stdlib.h>
    #include <sys/mman.h>
    #include <sys/time.h>
    #include <time.h>

    static volatile int64_t *ahead;

    __attribute__((constructor)) static void begin(void) {
      int file = open(getenv("KVYTOK_TEST_CLOCK"), O_RDONLY);
      void *page = mmap(0, sizeof *ahead, PROT_READ, MAP_SHARED, file, 0);
      if (file < 0 || page == MAP_FAILED) abort();
      ahead = page;
    }

    int clock_gettime(clockid_t clock, struct timespec *moment) {
      static int (*given)(clockid_t, struct timespec *);
      if (!given) given = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
      int result = given(clock, moment);
      if (ahead && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) moment->tv_sec += *ahead;
      return result;
    }

    int gettimeofday(struct timeval *restrict moment, void *restrict zone) {
      struct timespec now;
      int result = clock_gettime(CLOCK_REALTIME, &now);
      moment->tv_sec = now.tv_sec;
      moment->tv_usec = now.tv_nsec / 1000;
      return result;
    }

    time_t time(time_t *place) {
      struct timespec now;
      clock_gettime(CLOCK_REALTIME, &now);
      if (place) *place = now.tv_sec;
      return now.tv_sec;
    }
    """

  private let folder: URL
  private var file: URL { folder.appendingPathComponent("ahead") }
  private var library: URL { folder.appendingPathComponent("clock.so") }

  struct NotBuilt: Error { let message: String }

  /// Starts some seconds ahead of the machine's clock.
  init(aheadSeconds: Int64) async throws {
    folder = try TemporaryFolder.make("clock")
    try set(aheadSeconds: aheadSeconds)
    let text = folder.appendingPathComponent("clock.c")
    try Data(Self.source.utf8).write(to: text)
    let built = try await RunningProgram.start(
      URL(fileURLWithPath: "/usr/bin/env"),
      ["clang", "-shared", "-fPIC", "-O1", "-Werror", "-o", library.path, text.path]
    ).end()
    guard built.exitCode == 0 else { throw NotBuilt(message: built.errors) }
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// Starts a program that lives by this clock.
  func run(_ executable: URL, _ arguments: [String]) async throws -> RunningProgram {
    try await RunningProgram.start(
      executable, arguments,
      environment: ["LD_PRELOAD": library.path, "KVYTOK_TEST_CLOCK": file.path])
  }

  /// Jumps: programs that run see it with their next look at the clock.
  func set(aheadSeconds: Int64) throws {
    let place = open(file.path, O_WRONLY | O_CREAT, 0o644)
    guard place >= 0 else { throw POSIXError(.EIO) }
    defer { close(place) }
    var value = aheadSeconds
    guard pwrite(place, &value, MemoryLayout<Int64>.size, 0) == MemoryLayout<Int64>.size else {
      throw POSIXError(.EIO)
    }
  }
}
