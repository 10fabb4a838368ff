/// Bounds of what the edge holds at once, and of how long it waits for the other side.
package struct EdgeLimits: Sendable {
  /// Most connections at once.
  package var connectionsMax = 16_384
  /// Most bytes of a request's header fields, and of one of them.
  package var headBytesMax = 16 << 10
  /// Most header fields of a request.
  package var headFieldsMax = 64
  /// Longest time from the first byte of a request to the end of its head, in seconds.
  package var headSecondsMax: Int64 = 10
  /// Longest time for a body, in seconds, beside what its bytes may take.
  package var bodySecondsMax: Int64 = 15
  /// Slowest pace of a body, in bytes per second: big ones may take longer.
  package var bodyBytesPerSecondMin = 16 << 10
  /// Longest silence between two requests, in seconds.
  package var idleSecondsMax: Int64 = 75
  /// Longest time for the other side to take an answer, in seconds.
  package var writeSecondsMax: Int64 = 60
  /// Most requests at once: being read, proven, stored or answered.
  package var requestsMax = 8192
  /// Most bytes of their bodies.
  package var requestBytesMax = 96 << 20
  /// Most bytes of a refused body that are read and thrown away, so that the refusal is heard.
  package var skippedBytesMax = 4 << 20
  /// Seconds until a refused request may be tried again.
  package var retryAfterSeconds = 2

  /// Makes the limits of the house.
  package init() {}
}
