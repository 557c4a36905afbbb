//! What holds for a well-formed instruction on every card: tokens only for neighbours that exist,
//! operands of the right kind and range.
//!
//! What depends on a card's geometry is [`crate::check`].

use super::EncodingError;
use crate::isa::{Buffer, Dtype, Fill, Instruction, Load, Module, Operation, Space, Store, Walk};

impl Instruction {
    /// Checks what holds for every geometry: tokens for existing neighbours, operands of the right
    /// kind and range.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check_form(&self) -> Result<(), EncodingError> {
        let tokens = &self.dependencies;
        let stray = match self.operation.module() {
            Module::Load => tokens.pop_prev || tokens.push_prev,
            Module::Store => tokens.pop_next || tokens.push_next,
            Module::Compute => {
                matches!(self.operation, Operation::Finish) && (tokens.push_prev || tokens.push_next)
            }
        };
        if stray {
            return Err(EncodingError::Dependency);
        }
        let require = |holds: bool, field: &'static str| {
            if holds {
                Ok(())
            } else {
                Err(EncodingError::Field(field))
            }
        };
        let is_lane = |value: i32| (-256..=255).contains(&value);
        match &self.operation {
            Operation::Nop(_) | Operation::Finish => Ok(()),
            Operation::Load(Load {
                buffer,
                to,
                from,
                zero_point,
            }) => {
                require(from.space != Space::Output, "space")?;
                check_walk(from)?;
                require(to.rows != 0, "rows")?;
                require(to.cols != 0, "cols")?;
                let origin = to.pitch == 0 && to.row == 0 && to.col == 0 && to.rows == 1;
                match buffer {
                    Buffer::A | Buffer::B => {
                        require(matches!(from.dtype, Dtype::U8 | Dtype::I8), "dtype")?;
                        require(is_lane((*zero_point).into()), "zero_point")
                    }
                    Buffer::Acc => require(*zero_point == 0, "zero_point"),
                    Buffer::Param => {
                        require(origin, "lanes")?;
                        require(from.row_stride == 0, "row_stride")?;
                        require(from.dtype == Dtype::U8, "dtype")?;
                        require(*zero_point == 0, "zero_point")
                    }
                    Buffer::Table => {
                        require(origin && to.cols == 256, "lanes")?;
                        require(from.row_stride == 0, "row_stride")?;
                        require(*zero_point == 0, "zero_point")
                    }
                }
            }
            Operation::Fill(Fill {
                buffer, tiles, value, ..
            }) => {
                require(*tiles != 0, "tiles")?;
                match buffer {
                    Buffer::A | Buffer::B => require(is_lane(*value), "value"),
                    Buffer::Acc => Ok(()),
                    Buffer::Param | Buffer::Table => Err(EncodingError::Field("buffer")),
                }
            }
            Operation::Gemm(gemm) => {
                require(gemm.m_tiles != 0, "m_tiles")?;
                require(gemm.n_tiles != 0, "n_tiles")?;
                require(gemm.k_tiles != 0, "k_tiles")
            }
            Operation::Vector(vector) => {
                require(vector.rows != 0, "rows")?;
                require(vector.cols != 0, "cols")
            }
            Operation::Store(Store { from, to }) => {
                require(matches!(to.space, Space::Output | Space::Workspace), "space")?;
                check_walk(to)?;
                require(from.rows != 0, "rows")?;
                require(from.cols != 0, "cols")
            }
        }
    }
}

fn check_walk(walk: &Walk) -> Result<(), EncodingError> {
    if walk.offset >> 48 == 0 {
        Ok(())
    } else {
        Err(EncodingError::Field("offset"))
    }
}
