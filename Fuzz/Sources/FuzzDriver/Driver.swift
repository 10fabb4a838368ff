/// What libFuzzer calls with each input.
public typealias FuzzBody = @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt

/// The arguments of a program as C passes them.
public typealias Arguments = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutablePointer<Arguments?>,
  _ body: FuzzBody
) -> CInt

/// Runs libFuzzer over a body.
///
/// The package manager gives each program an entry point of its own name, so libFuzzer's own main
/// function is never reached.
public func runFuzzer(_ count: CInt, _ arguments: Arguments?, _ body: FuzzBody) -> CInt {
  var count = count
  var arguments = arguments
  return runDriver(&count, &arguments, body)
}
