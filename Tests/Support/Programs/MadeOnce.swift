/// Something that many tests of a process want and that takes long to make: the first who asks makes it.
package actor MadeOnce<Value: Sendable> {
  private let make: @Sendable () async throws -> Value
  private var making: Task<Value, any Error>?

  /// Names how it is made.
  package init(_ make: @escaping @Sendable () async throws -> Value) { self.make = make }

  /// What was made; whoever asks after an attempt that failed makes another one.
  package func value() async throws -> Value {
    if let making { return try await making.value }
    let task = Task { [make] in try await make() }
    making = task
    do {
      return try await task.value
    } catch {
      making = nil
      throw error
    }
  }
}
