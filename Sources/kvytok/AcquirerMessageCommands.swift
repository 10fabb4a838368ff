import ArgumentParser
import Basics
import Clearing
import Store

/// Lists messages and lines of the acquirer that fitted nothing.
struct AcquirerMessages: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "messages",
    abstract: "Messages and lines of the acquirer that fit nothing here; exit 1 when one waits.")

  @Flag(help: "Also those that somebody has looked into.")
  var all = false

  @OptionGroup var database: DatabaseOptions

  func run() async throws {
    let messages = try await Backbone.with(database) { backbone in
      try await KeptMessageDesk(store: backbone.store, now: { .now }).list(openOnly: !all)
    }
    var table = TextTable([
      ("message", .left), ("type", .left), ("received", .left), ("why", .left), ("body", .left),
      ("decided", .left),
    ])
    for message in messages {
      table.add([
        message.id, message.kind, message.receivedAt.description, message.why, message.body,
        message.decision.map { "\($0.by), \($0.at): \($0.what)" } ?? "",
      ])
    }
    if !messages.isEmpty { print(table.text) }
    let waiting = messages.count { $0.decision == nil }
    guard waiting == 0 else {
      throw CommandFault(
        "\(waiting) messages wait: look into each, then `kvytok acquirer decide MESSAGE`.",
        exitCode: CommandFault.no)
    }
    print("no message waits")
  }
}

/// Writes down what became of a message that fitted nothing.
struct AcquirerMessageDecide: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decide",
    abstract: "Writes down what became of a message that fitted nothing; books nothing.")

  @Argument(help: "The acquirer's name of the message, or the name of the line.")
  var message: String

  @Option(help: "What was found out, and done about it.")
  var reason: String

  @OptionGroup var who: PersonOptions
  @OptionGroup var database: DatabaseOptions

  func run() async throws {
    try await Backbone.with(database) { backbone in
      let by = try await who.person(backbone.store).label
      try await MoneyDesks.answer {
        try await KeptMessageDesk(store: backbone.store, now: { .now })
          .decide(message, reason: reason, by: by)
      }
    }
    print("message \(message) was looked into")
  }
}
