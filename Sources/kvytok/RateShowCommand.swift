import ArgumentParser
import Clearing
import Store

extension RateCommand {
  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Shows what an order changes, as it was when it was asked for.")

    @Argument(help: "Number of the order.")
    var order: Int64

    @OptionGroup var database: DatabaseOptions

    func run() async throws {
      try await RateCommand.with(database) { _, store in
        let number = order
        let found = try await store.read { db in try await db.reratingOrders.find(number) }
        guard let found else {
          throw CommandFault("There is no order \(order).", exitCode: CommandFault.no)
        }
        if let place = found.previewPlace {
          Progress.say("What it changes is being worked out: \(Int(place.share * 100)) % is done")
        }
        print(RateCommand.text(try RatingPreview(kept: found.preview)))
      }
    }
  }
}
