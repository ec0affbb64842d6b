// The SQL of Database. Every statement finds its rows by a key; a test looks at the query plans.
#include "log/database_impl.hpp"

namespace chat_log {

Database::Statements::Statements(SQLite::Database& database)
    : begin(database, "BEGIN IMMEDIATE"),
      begin_reading(database, "BEGIN"),
      commit(database, "COMMIT"),
      rollback(database, "ROLLBACK"),
      find_conversation(database, "SELECT id, epoch, last_seq FROM conversations WHERE name = ?"),
      conversation_of_id(database, "SELECT epoch, last_seq, name FROM conversations WHERE id = ?"),
      highest_id(database, "SELECT max(id) FROM conversations"),
      create_conversation(
          database, "INSERT INTO conversations (id, name, epoch, last_seq) VALUES (?, ?, ?, ?)"),
      retire_conversation(database,
                          "UPDATE conversations SET name = NULL, restarted_ms = ? WHERE id = ?"),
      set_last_seq(database, "UPDATE conversations SET last_seq = ? WHERE id = ?"),
      find_receipt(database, "SELECT position, stored_ms, author, id FROM receipts WHERE row = ?"),
      add_receipt(database,
                  "INSERT INTO receipts (row, position, stored_ms, author, id) "
                  "VALUES (?, ?, ?, ?, ?)"),
      add_message(database,
                  "INSERT INTO messages (position, stored_ms, author, id, payload) "
                  "VALUES (?, ?, ?, ?, ?)"),
      read_forward(database,
                   "SELECT position, stored_ms, payload FROM messages "
                   "WHERE position > ? AND position < ? ORDER BY position LIMIT ?"),
      read_back(database,
                "SELECT position, stored_ms, payload FROM messages "
                "WHERE position > ? AND position < ? ORDER BY position DESC LIMIT ?"),
      read_whole(database,
                 "SELECT position, stored_ms, author, id, payload FROM messages "
                 "WHERE position >= ? AND position < ? ORDER BY position"),
      oldest(database,
             "SELECT position, stored_ms FROM messages "
             "WHERE position >= ? AND position < ? ORDER BY position LIMIT 1"),
      receipts_from(database,
                    "SELECT row, stored_ms FROM receipts WHERE row >= ? ORDER BY row LIMIT ?"),
      delete_receipts(database, "DELETE FROM receipts WHERE row < ?"),
      conversation_from(database,
                        "SELECT id, name, last_seq, restarted_ms FROM conversations "
                        "WHERE id >= ? ORDER BY id LIMIT 1"),
      first_since(database,
                  "SELECT position FROM messages WHERE position >= ? AND position < ? "
                  "AND stored_ms >= ? ORDER BY position LIMIT 1"),
      delete_messages(database, "DELETE FROM messages WHERE position >= ? AND position < ?"),
      delete_conversation(database, "DELETE FROM conversations WHERE id = ?") {}

}  // namespace chat_log
