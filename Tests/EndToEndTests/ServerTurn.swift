import Programs
import Testing

/// Each test waits until there is room on the machine for one more server.
struct ServerTurn: SuiteTrait, TestTrait, TestScoping {
  var isRecursive: Bool { true }

  func provideScope(
    for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
  ) async throws {
    // A suite holds no turn: its tests would wait for it.
    guard testCase != nil else { return try await function() }
    try await Turns.servers.with(function)
  }
}

extension Trait where Self == ServerTurn {
  /// Each test waits until there is room on the machine for one more server.
  static var serverTurn: Self { Self() }
}
