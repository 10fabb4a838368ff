import CLibUV
import Glibc
import Synchronization

/// Why a program could not be started.
package struct SpawnFault: Error, Sendable, CustomStringConvertible {
  package let executable: String
  package let message: String

  package var description: String { "cannot start \(executable): \(message)" }
}

/// How a process ended.
package struct ExitStatus: Sendable, Equatable, CustomStringConvertible {
  /// Exit code; 0 is well.
  package let code: Int64
  /// The signal that ended it; 0 when none did.
  package let signal: Int32

  /// Makes a status.
  package init(code: Int64, signal: Int32) {
    self.code = code
    self.signal = signal
  }

  package var isSuccess: Bool { code == 0 && signal == 0 }

  package var description: String {
    signal == 0 ? "exit \(code)" : "ended by signal \(signal)"
  }
}

/// A program started by the loop's thread.
///
/// A signal at the parent's death (`setpriv --pdeathsig`) is bound to the thread that started the
/// child; the loop's thread lives as long as the loop, so such a child ends with the loop.
package final class ChildProcess: Sendable {
  private struct State {
    var status: ExitStatus?
    var waiters: [CheckedContinuation<ExitStatus, Never>] = []
  }

  /// The number the system gave.
  package let processID: Int32
  private let state = Mutex(State())

  fileprivate init(processID: Int32) { self.processID = processID }

  /// Starts a program without input; its output and errors are added to a file, or to one each.
  ///
  /// The environment is exactly the one given, and the working folder is the root: another user
  /// may not be able to stand in ours.
  package static func start(
    _ executable: String, _ arguments: [String], environment: [String], folder: String = "/",
    outputFile: String, errorsFile: String? = nil, on loop: EventLoop
  ) async throws(SpawnFault) -> ChildProcess {
    let program = ProgramCall(
      executable: executable, arguments: arguments, environment: environment, folder: folder)
    let result = await loop.run {
      ProcessHandle.spawn(program, outputFile: outputFile, errorsFile: errorsFile, on: loop)
    }
    return try result.get()
  }

  /// Whether it has not ended yet.
  package var isRunning: Bool { state.withLock { $0.status == nil } }

  /// Waits for the end.
  package func waitForExit() async -> ExitStatus {
    await withCheckedContinuation { continuation in
      let status = state.withLock { state in
        if state.status == nil { state.waiters.append(continuation) }
        return state.status
      }
      if let status { continuation.resume(returning: status) }
    }
  }

  /// Sends a signal, unless it has ended.
  package func send(signal: Int32) {
    state.withLock { state in
      if state.status == nil { kill(processID, signal) }
    }
  }

  fileprivate func finish(_ status: ExitStatus) {
    let waiters = state.withLock { state in
      if state.status == nil { state.status = status }
      defer { state.waiters = [] }
      return state.waiters
    }
    for waiter in waiters { waiter.resume(returning: status) }
  }
}

/// Which program is called, how and where.
private struct ProgramCall: Sendable {
  let executable: String
  let arguments: [String]
  let environment: [String]
  let folder: String
}

/// The loop's side of a child process.
private final class ProcessHandle: LoopHandle {
  private let loop: EventLoop
  private let handle: UnsafeMutablePointer<uv_process_t>
  private var child: ChildProcess?
  private var isClosed = false

  private init(loop: EventLoop) {
    self.loop = loop
    handle = .allocate(capacity: 1)
    handle.initialize(to: uv_process_t())
  }

  static func spawn(
    _ program: ProgramCall, outputFile: String, errorsFile: String?, on loop: EventLoop
  ) -> Result<ChildProcess, SpawnFault> {
    func failure(_ message: String) -> Result<ChildProcess, SpawnFault> {
      .failure(SpawnFault(executable: program.executable, message: message))
    }
    guard !loop.isStopping else { return failure("the event loop ends") }
    keepFilesFromChildren()
    var files: [Int32] = []
    defer { for file in files { Glibc.close(file) } }
    for path in [outputFile, errorsFile].compactMap({ $0 }) {
      let file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
      guard file >= 0 else { return failure("\(path): \(String(cString: strerror(errno)))") }
      files.append(file)
    }
    let process = ProcessHandle(loop: loop)
    let result = process.spawn(program, output: files[0], errors: files.last ?? files[0])
    guard result == 0 else {
      // libuv has begun the handle even when it could not start the program.
      process.close()
      return failure(uvMessage(result))
    }
    let child = ChildProcess(processID: process.handle.pointee.pid)
    process.child = child
    _ = loop.add(process)
    return .success(child)
  }

  /// Marks all open files as this process's own.
  ///
  /// libuv hands every file down that is not marked, and not all who open files mark them. A database
  /// that lives on would hold our ports, and the ends of others' pipes, whose readers then wait for ever.
  private static func keepFilesFromChildren() {
    guard let folder = opendir("/proc/self/fd") else { return }
    defer { closedir(folder) }
    while let entry = readdir(folder) {
      let file = withUnsafeBytes(of: &entry.pointee.d_name) { name in
        name.baseAddress.map { atoi($0.assumingMemoryBound(to: CChar.self)) } ?? 0
      }
      if file > STDERR_FILENO { _ = fcntl(file, F_SETFD, FD_CLOEXEC) }
    }
  }

  private func spawn(_ program: ProgramCall, output: Int32, errors: Int32) -> Int32 {
    var argv = ([program.executable] + program.arguments).map { strdup($0) } + [nil]
    var env = program.environment.map { strdup($0) } + [nil]
    defer { for pointer in argv + env { free(pointer) } }
    var streams = [uv_stdio_container_t(), uv_stdio_container_t(), uv_stdio_container_t()]
    streams[0].flags = UV_IGNORE
    for (index, file) in [1: output, 2: errors] {
      streams[index].flags = UV_INHERIT_FD
      streams[index].data.fd = file
    }
    return program.executable.withCString { file in
      program.folder.withCString { folder in
        argv.withUnsafeMutableBufferPointer { argv in
          env.withUnsafeMutableBufferPointer { env in
            streams.withUnsafeMutableBufferPointer { streams in
              var options = uv_process_options_t()
              options.file = file
              options.cwd = folder
              options.args = argv.baseAddress
              options.env = env.baseAddress
              options.stdio = streams.baseAddress
              options.stdio_count = Int32(streams.count)
              options.exit_cb = { handle, code, signal in
                guard let data = handle?.pointee.data else { return }
                Unmanaged<ProcessHandle>.fromOpaque(data).takeUnretainedValue()
                  .ended(ExitStatus(code: code, signal: signal))
              }
              handle.pointee.data = Unmanaged.passUnretained(self).toOpaque()
              return uv_spawn(loop.uvLoop, handle, &options)
            }
          }
        }
      }
    }
  }

  private func ended(_ status: ExitStatus) {
    child?.finish(status)
    close()
  }

  private func close() {
    guard !isClosed else { return }
    isClosed = true
    let base = UnsafeMutableRawPointer(handle).assumingMemoryBound(to: uv_handle_t.self)
    base.pointee.data = Unmanaged.passRetained(self).toOpaque()
    loop.remove(self)
    uv_close(base) { base in
      guard let data = base?.pointee.data else { return }
      let process = Unmanaged<ProcessHandle>.fromOpaque(data).takeRetainedValue()
      process.handle.deallocate()
    }
  }

  /// libuv will not hear of the child's end any more; a thread waits for it instead.
  func loopEnds() {
    if let child {
      _ = startThread {
        var status: Int32 = 0
        while waitpid(child.processID, &status, 0) < 0 && errno == EINTR {}
        // As WEXITSTATUS and WTERMSIG, which are macros.
        child.finish(
          ExitStatus(code: Int64(status >> 8 & 0xFF), signal: status & 0x7F))
      }
    }
    close()
  }
}
