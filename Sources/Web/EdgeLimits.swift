/// Bounds of what the edge holds at once, and of how long it waits for the other side.
package struct EdgeLimits: Sendable {
  /// Most connections at once.
  package var connectionsMax = 16_384
  /// One part in so many of the connections is kept free: when less is, those that showed no valid
  /// signature or code of a device are cut between two requests, the longest open first, and last
  /// those that are halfway through a head or an answer.
  package var freeConnectionsPart = 16
  /// Time that a connection has to show one before it may be cut for that, in seconds.
  package var strangerSecondsMin: Int64 = 5
  /// Most that an address may hold of connections, requests, bytes and answers, by how much of each is free:
  /// three times that much.
  ///
  /// Alone it has three quarters, for a whole fleet may stand behind one address of its mobile network;
  /// each further one has three quarters of what is left, so that a few never have all. Large bodies are
  /// not shared so, for one file of a network may be as large as their room.
  package var addressTimesFreeMax = 3
  /// Most bytes of a request's header fields, and of one of them.
  package var headBytesMax = 16 << 10
  /// Most bytes that are held of a piece of a head that is not whole yet, with the white space around it,
  /// which is none of any field.
  package var headHeldBytesMax = 32 << 10
  /// Most header fields of a request.
  package var headFieldsMax = 64
  /// Longest time from the first byte of a request to the end of its head, in seconds.
  package var headSecondsMax: Int64 = 10
  /// Longest silence within a body, in seconds, and most that it may fall behind its slowest pace.
  package var bodySecondsMax: Int64 = 15
  /// Slowest pace of a body, in bytes per second.
  package var bodyBytesPerSecondMin = 16 << 10
  /// Longest silence between two requests, in seconds.
  package var idleSecondsMax: Int64 = 75
  /// Longest time in which the other side takes nothing of an answer, in seconds, and most that it may fall
  /// behind its slowest pace.
  package var writeSecondsMax: Int64 = 60
  /// Slowest pace at which it takes one, in bytes per second: a whole deny list comes over a slow mobile link too.
  package var answerBytesPerSecondMin = 8 << 10
  /// Most requests at once: being read, proven, stored or answered.
  package var requestsMax = 8192
  /// Most bytes of their bodies.
  package var requestBytesMax = 96 << 20
  /// How many times bytes count among them that come before an answer, or before it is known who sends them.
  ///
  /// Taken apart, the shortest heads and chunks take that much memory. Those of a body in few pieces count less.
  package var earlyBytesWeight = 8
  /// Most bytes of those of large bodies, so that the others have the rest.
  package var largeRequestBytesMax = 64 << 20
  /// Bytes from which a body is a large one, by what its endpoint takes.
  package var largeBytesMin = 1 << 20 + 1
  /// Most bytes of answers that the other sides do not take at once.
  package var answerBytesMax = 64 << 20
  /// Bytes from which an answer to a mere question is a long one.
  ///
  /// It is written only where there is room for it. Shorter ones find room in their connection.
  package var longAnswerBytesMin = 64 << 10
  /// Most bytes of a refused body that are read and thrown away, so that the refusal is heard.
  package var skippedBytesMax = 4 << 20
  /// Seconds until a refused request may be tried again.
  package var retryAfterSeconds = 2

  /// Most files that are open beside the connections: those of the database, of the tariff, of logs.
  package static let filesBesideMax = 512
  /// Further files that are asked for where the system gives them: a connection that comes, or is turned away,
  /// is one without being counted.
  package static let filesSpare = 4096

  /// Makes the limits of the house.
  package init() {}

  /// The limits of a process that may have so many files open: a connection more would close the door for
  /// all until another ends.
  package func fitting(files: Int) -> EdgeLimits {
    var limits = self
    limits.connectionsMax = min(
      connectionsMax, max(files - Self.filesBesideMax, files / 2))
    return limits
  }
}
